// How each SDK is configured with the events address; where flags come from does not change.
export interface Sdk {
  id: string;
  name: string;
  credential: 'apiKey' | 'mobileKey' | '_id';
  code: (events: string, key: string) => string;
}

const STREAM = 'https://stream.launchdarkly.com';
const POLL = 'https://sdk.launchdarkly.com';
const CLIENT_STREAM = 'https://clientstream.launchdarkly.com';
const CLIENT_POLL = 'https://clientsdk.launchdarkly.com';

export const SDKS: Sdk[] = [
  {
    id: 'node', name: 'Node.js', credential: 'apiKey',
    code: (events, key) => `import { init } from '@launchdarkly/node-server-sdk';

// The first two are LaunchDarkly's.
const client = init('${key}', {
  baseUri: '${POLL}',
  streamUri: '${STREAM}',
  eventsUri: '${events}',
});`,
  },
  {
    id: 'java', name: 'Java', credential: 'apiKey',
    code: (events, key) => `LDConfig config = new LDConfig.Builder()
    .serviceEndpoints(Components.serviceEndpoints()
        .streaming("${STREAM}")
        .polling("${POLL}")
        .events("${events}"))
    .build();
LDClient client = new LDClient("${key}", config);`,
  },
  {
    id: 'python', name: 'Python', credential: 'apiKey',
    code: (events, key) => `import ldclient
from ldclient.config import Config

ldclient.set_config(Config(
    "${key}",
    events_uri="${events}",
))
client = ldclient.get()`,
  },
  {
    id: 'go', name: 'Go', credential: 'apiKey',
    code: (events, key) => `config := ld.Config{
	ServiceEndpoints: interfaces.ServiceEndpoints{
		Streaming: "${STREAM}",
		Polling:   "${POLL}",
		Events:    "${events}",
	},
}
client, err := ld.MakeCustomClient("${key}", config, 5*time.Second)`,
  },
  {
    id: 'dotnet', name: '.NET', credential: 'apiKey',
    code: (events, key) => `var config = Configuration.Builder("${key}")
    .ServiceEndpoints(Components.ServiceEndpoints()
        .Streaming("${STREAM}")
        .Polling("${POLL}")
        .Events("${events}"))
    .Build();
var client = new LdClient(config);`,
  },
  {
    id: 'ruby', name: 'Ruby', credential: 'apiKey',
    code: (events, key) => `require 'ldclient-rb'

config = LaunchDarkly::Config.new(events_uri: '${events}')
client = LaunchDarkly::LDClient.new('${key}', config)`,
  },
  {
    id: 'php', name: 'PHP', credential: 'apiKey',
    code: (events, key) => `$client = new LaunchDarkly\\LDClient('${key}', [
    'events_uri' => '${events}',
]);`,
  },
  {
    id: 'browser', name: 'JavaScript (browser)', credential: '_id',
    code: (events, key) => `import { initialize } from 'launchdarkly-js-client-sdk';

const client = initialize('${key}', context, {
  eventsUrl: '${events}', // eventsUri in @launchdarkly/js-client-sdk
});`,
  },
  {
    id: 'react', name: 'React', credential: '_id',
    code: (events, key) => `import { asyncWithLDProvider } from 'launchdarkly-react-client-sdk';

const LDProvider = await asyncWithLDProvider({
  clientSideID: '${key}',
  options: { eventsUrl: '${events}' },
});`,
  },
  {
    id: 'android', name: 'Android', credential: 'mobileKey',
    code: (events, key) => `val config = LDConfig.Builder(AutoEnvAttributes.Enabled)
    .mobileKey("${key}")
    .serviceEndpoints(Components.serviceEndpoints()
        .streaming("${CLIENT_STREAM}")
        .polling("${CLIENT_POLL}")
        .events("${events}"))
    .build()
val client = LDClient.init(application, config, context, 5)`,
  },
  {
    id: 'ios', name: 'iOS', credential: 'mobileKey',
    code: (events, key) => `var config = LDConfig(mobileKey: "${key}", autoEnvAttributes: .enabled)
config.eventsUrl = URL(string: "${events}")!
LDClient.start(config: config, context: context)`,
  },
  {
    id: 'curl', name: 'By hand (curl)', credential: 'apiKey',
    code: (events, key) => `curl -i ${events}/bulk \\
  -H 'Authorization: ${key}' -H 'Content-Type: application/json' \\
  -d '[{"kind":"custom","key":"hello","context":{"kind":"user","key":"anna"}}]'`,
  },
];
