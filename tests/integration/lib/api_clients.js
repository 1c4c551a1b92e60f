// Generated clients of LaunchDarkly's REST API, unchanged, pointed at Sluice; the calls that tests make of both.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

function typescriptClient({ uri, token }) {
  const { Configuration, DataExportDestinationsApi, EnvironmentsApi, FeatureFlagsApi, ProjectsApi } = require('launchdarkly-api-typescript');
  const configuration = new Configuration({ basePath: uri, apiKey: token });
  const [destinations, environments, flags, projects] = [DataExportDestinationsApi, EnvironmentsApi, FeatureFlagsApi, ProjectsApi]
    .map((Api) => new Api(configuration));
  const data = async (call) => (await call).data;
  return {
    postProject: (body) => data(projects.postProject(body)),
    deleteProject: (key) => data(projects.deleteProject(key)),
    postEnvironment: (project, body) => data(environments.postEnvironment(project, body)),
    getEnvironment: (project, key) => data(environments.getEnvironment(project, key)),
    postDestination: (project, environment, body) => data(destinations.postDestination(project, environment, body)),
    getDestination: (project, environment, id) => data(destinations.getDestination(project, environment, id)),
    getDestinations: () => data(destinations.getDestinations()),
    patchDestination: (project, environment, id, patch) => data(destinations.patchDestination(project, environment, id, patch)),
    deleteDestination: (project, environment, id) => data(destinations.deleteDestination(project, environment, id)),
    getFeatureFlag: (project, key) => data(flags.getFeatureFlag(project, key)),
    postFeatureFlag: (project, flag) => data(flags.postFeatureFlag(project, flag)),
    patchFeatureFlag: (project, key, patch) => data(flags.patchFeatureFlag(project, key, { patch })),
    statusOf: (error) => error.response?.status,
  };
}

function javascriptClient({ uri, token }) {
  const api = require('launchdarkly-api');
  const client = new api.ApiClient(uri);
  client.authentications.ApiKey.apiKey = token;
  const [destinations, environments, flags, projects] = [api.DataExportDestinationsApi, api.EnvironmentsApi, api.FeatureFlagsApi, api.ProjectsApi]
    .map((Api) => new Api(client));
  const call = (target, name, ...args) => new Promise((resolve, reject) => {
    while (target[name].length > args.length + 1) args.push({});  // options
    target[name](...args, (error, data) => (error ? reject(error) : resolve(data)));
  });
  return {
    postProject: (body) => call(projects, 'postProject', body),
    deleteProject: (key) => call(projects, 'deleteProject', key),
    postEnvironment: (project, body) => call(environments, 'postEnvironment', project, body),
    getEnvironment: (project, key) => call(environments, 'getEnvironment', project, key),
    postDestination: (project, environment, body) => call(destinations, 'postDestination', project, environment, body),
    getDestination: (project, environment, id) => call(destinations, 'getDestination', project, environment, id),
    getDestinations: () => call(destinations, 'getDestinations'),
    patchDestination: (project, environment, id, patch) => call(destinations, 'patchDestination', project, environment, id, patch),
    deleteDestination: (project, environment, id) => call(destinations, 'deleteDestination', project, environment, id),
    getFeatureFlag: (project, key) => call(flags, 'getFeatureFlag', project, key),
    postFeatureFlag: (project, flag) => call(flags, 'postFeatureFlag', project, flag),
    patchFeatureFlag: (project, key, patch) => call(flags, 'patchFeatureFlag', project, key, { patch }),
    statusOf: (error) => error.status,
  };
}

export const apiClients = [
  { name: 'launchdarkly-api-typescript', connect: typescriptClient },
  { name: 'launchdarkly-api', connect: javascriptClient },
];
