// How each SDK is configured: with the events address alone, or with all three addresses, so that its flags come through
// Sluice too.
export interface Sdk {
  id: string;
  name: string;
  credential: 'apiKey' | 'mobileKey' | '_id';
  // What this SDK calls streamUri, baseUri and eventsUri. Absent: it has no such setting.
  names: { stream?: string; base?: string; events: string };
  code: (to: Addresses, key: string) => string;
}

export interface Addresses {
  stream: string;
  base: string;
  events: string;
  // Whether flags come from where events go.
  flags: boolean;
}

const STREAM = 'https://stream.launchdarkly.com';
const POLL = 'https://sdk.launchdarkly.com';
const CLIENT_STREAM = 'https://clientstream.launchdarkly.com';
const CLIENT_POLL = 'https://clientsdk.launchdarkly.com';

export function addressesOf(sdk: Sdk, events: string, flags: boolean): Addresses {
  const isServer = sdk.credential === 'apiKey';
  return { events, flags, stream: flags ? events : isServer ? STREAM : CLIENT_STREAM, base: flags ? events : isServer ? POLL : CLIENT_POLL };
}

// Lines that are needed only when flags come through Sluice.
const only = (flags: boolean, ...lines: string[]) => (flags ? lines.map((line) => `${line}\n`).join('') : '');

export const SDKS: Sdk[] = [
  {
    id: 'node', name: 'Node.js', credential: 'apiKey', names: { stream: 'streamUri', base: 'baseUri', events: 'eventsUri' },
    code: (to, key) => `import { init } from '@launchdarkly/node-server-sdk';

${to.flags ? '' : "// The first two are LaunchDarkly's.\n"}const client = init('${key}', {
  baseUri: '${to.base}',
  streamUri: '${to.stream}',
  eventsUri: '${to.events}',
});`,
  },
  {
    id: 'java', name: 'Java', credential: 'apiKey', names: { stream: 'streaming', base: 'polling', events: 'events' },
    code: (to, key) => `LDConfig config = new LDConfig.Builder()
    .serviceEndpoints(Components.serviceEndpoints()
        .streaming("${to.stream}")
        .polling("${to.base}")
        .events("${to.events}"))
    .build();
LDClient client = new LDClient("${key}", config);`,
  },
  {
    id: 'python', name: 'Python', credential: 'apiKey', names: { stream: 'stream_uri', base: 'base_uri', events: 'events_uri' },
    code: (to, key) => `import ldclient
from ldclient.config import Config

ldclient.set_config(Config(
    "${key}",
${only(to.flags, `    base_uri="${to.base}",`, `    stream_uri="${to.stream}",`)}    events_uri="${to.events}",
))
client = ldclient.get()`,
  },
  {
    id: 'go', name: 'Go', credential: 'apiKey', names: { stream: 'Streaming', base: 'Polling', events: 'Events' },
    code: (to, key) => `config := ld.Config{
	ServiceEndpoints: interfaces.ServiceEndpoints{
		Streaming: "${to.stream}",
		Polling:   "${to.base}",
		Events:    "${to.events}",
	},
}
client, err := ld.MakeCustomClient("${key}", config, 5*time.Second)`,
  },
  {
    id: 'dotnet', name: '.NET', credential: 'apiKey', names: { stream: 'Streaming', base: 'Polling', events: 'Events' },
    code: (to, key) => `var config = Configuration.Builder("${key}")
    .ServiceEndpoints(Components.ServiceEndpoints()
        .Streaming("${to.stream}")
        .Polling("${to.base}")
        .Events("${to.events}"))
    .Build();
var client = new LdClient(config);`,
  },
  {
    id: 'ruby', name: 'Ruby', credential: 'apiKey', names: { stream: 'stream_uri', base: 'base_uri', events: 'events_uri' },
    code: (to, key) => `require 'ldclient-rb'

config = LaunchDarkly::Config.new(
${only(to.flags, `  base_uri: '${to.base}',`, `  stream_uri: '${to.stream}',`)}  events_uri: '${to.events}'
)
client = LaunchDarkly::LDClient.new('${key}', config)`,
  },
  {
    id: 'php', name: 'PHP', credential: 'apiKey', names: { base: 'base_uri', events: 'events_uri' },
    code: (to, key) => `$client = new LaunchDarkly\\LDClient('${key}', [
${only(to.flags, `    'base_uri' => '${to.base}',`)}    'events_uri' => '${to.events}',
]);`,
  },
  {
    id: 'browser', name: 'JavaScript (browser)', credential: '_id', names: { stream: 'streamUrl', base: 'baseUrl', events: 'eventsUrl' },
    code: (to, key) => `import { initialize } from 'launchdarkly-js-client-sdk';

// In @launchdarkly/js-client-sdk the names end in Uri.
const client = initialize('${key}', context, {
${only(to.flags, `  baseUrl: '${to.base}',`, `  streamUrl: '${to.stream}',`)}  eventsUrl: '${to.events}',
});`,
  },
  {
    id: 'react', name: 'React', credential: '_id', names: { stream: 'streamUrl', base: 'baseUrl', events: 'eventsUrl' },
    code: (to, key) => `import { asyncWithLDProvider } from 'launchdarkly-react-client-sdk';

const LDProvider = await asyncWithLDProvider({
  clientSideID: '${key}',
  options: {
${only(to.flags, `    baseUrl: '${to.base}',`, `    streamUrl: '${to.stream}',`)}    eventsUrl: '${to.events}',
  },
});`,
  },
  {
    id: 'android', name: 'Android', credential: 'mobileKey', names: { stream: 'streaming', base: 'polling', events: 'events' },
    code: (to, key) => `val config = LDConfig.Builder(AutoEnvAttributes.Enabled)
    .mobileKey("${key}")
    .serviceEndpoints(Components.serviceEndpoints()
        .streaming("${to.stream}")
        .polling("${to.base}")
        .events("${to.events}"))
    .build()
val client = LDClient.init(application, config, context, 5)`,
  },
  {
    id: 'ios', name: 'iOS', credential: 'mobileKey', names: { stream: 'streamUrl', base: 'baseUrl', events: 'eventsUrl' },
    code: (to, key) => `var config = LDConfig(mobileKey: "${key}", autoEnvAttributes: .enabled)
${only(to.flags, `config.baseUrl = URL(string: "${to.base}")!`, `config.streamUrl = URL(string: "${to.stream}")!`)}config.eventsUrl = URL(string: "${to.events}")!
LDClient.start(config: config, context: context)`,
  },
  {
    id: 'curl', name: 'By hand (curl)', credential: 'apiKey', names: { events: 'the address' },
    code: (to, key) => `${only(to.flags, `curl -i ${to.base}/sdk/latest-all -H 'Authorization: ${key}'`)}curl -i ${to.events}/bulk \\
  -H 'Authorization: ${key}' -H 'Content-Type: application/json' \\
  -d '[{"kind":"custom","key":"hello","context":{"kind":"user","key":"anna"}}]'`,
  },
];
