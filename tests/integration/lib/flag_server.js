// Serves flag data to SDKs, as LaunchDarkly's stream and polling endpoints do; for tests only.
//
// Flags are all on and serve `value`; those with `tracked` make SDKs send each evaluation in full. Browsers ask from a page of
// another origin, so each answer has the CORS headers.
import { createServer } from 'node:http';

export const TRACKED_FLAGS = { 'new-checkout': true, banner: 'blue', limits: { perDay: 20, burst: [1, 2] } };
export const UNTRACKED_FLAGS = { 'quiet-flag': 7 };
const VERSION = 11;

// A flag as server-side SDKs read it, with what is not said at rest.
export function serverFlag(key, fields) {
  return {
    key, version: VERSION, on: true, variations: [], fallthrough: { variation: 0 }, offVariation: 1,
    targets: [], rules: [], prerequisites: [], salt: 'salt', sel: 'salt', trackEvents: false, trackEventsFallthrough: false,
    debugEventsUntilDate: null, clientSide: true, deleted: false, ...fields,
  };
}

function serverFlags() {
  const flag = ([key, value], trackEvents) => [key, serverFlag(key, { variations: [value, null], trackEvents })];
  return Object.fromEntries([
    ...Object.entries(TRACKED_FLAGS).map((entry) => flag(entry, true)),
    ...Object.entries(UNTRACKED_FLAGS).map((entry) => flag(entry, false)),
  ]);
}

function evaluatedFlags() {
  const flag = ([key, value], trackEvents) => [
    key, { value, variation: 0, version: 100 + VERSION, flagVersion: VERSION, trackEvents },
  ];
  return Object.fromEntries([
    ...Object.entries(TRACKED_FLAGS).map((entry) => flag(entry, true)),
    ...Object.entries(UNTRACKED_FLAGS).map((entry) => flag(entry, false)),
  ]);
}

const CORS = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*', 'Access-Control-Allow-Methods': 'GET,REPORT,OPTIONS' };

function sendStream(response, data) {
  response.writeHead(200, { ...CORS, 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.write(`event: put\ndata: ${JSON.stringify(data)}\n\n`);
}

function sendJson(response, value) {
  response.writeHead(200, { ...CORS, 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}

// `flags`: what server-side SDKs get; `goals`: what client-side SDKs in a browser watch pages and clicks for.
export async function startFlagServer(t, { flags = serverFlags(), goals = [] } = {}) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://flags');
    request.resume();
    if (request.method === 'OPTIONS') response.writeHead(204, CORS).end();
    else if (pathname === '/all') sendStream(response, { path: '/', data: { flags, segments: {} } });
    else if (pathname === '/flags') sendStream(response, flags);
    else if (pathname === '/sdk/latest-all') sendJson(response, { flags, segments: {} });
    else if (pathname.startsWith('/eval/')) sendStream(response, evaluatedFlags());
    else if (pathname.startsWith('/sdk/evalx/')) sendJson(response, evaluatedFlags());
    else if (pathname.startsWith('/sdk/goals/')) sendJson(response, goals);
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { uri: `http://127.0.0.1:${server.address().port}` };
}
