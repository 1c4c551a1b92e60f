// Holds the REST API's traffic against docs/openapi.json: what is asked for and answered must be as documented.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import { repository } from './paths.js';

export const openapiFile = path.join(repository, 'docs/openapi.json');
export const openapi = JSON.parse(readFileSync(openapiFile, 'utf8'));
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const MAX_FAULTS_TOLD = 6;

const ajv = new Ajv.default({ strict: false, allErrors: true });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i);
ajv.addFormat('uri', /^[a-z][a-z0-9+.-]*:/i);
ajv.addSchema(openapi, 'openapi');

// {method, path, operation, parameters} of every operation.
export const operations = Object.entries(openapi.paths).flatMap(([at, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({
    method: method.toUpperCase(), path: at, operation: item[method], parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map(resolved),
  })));

function resolved(value) {
  if (!value?.$ref) return value;
  return value.$ref.slice(2).split('/').reduce((part, name) => part[name.replaceAll('~1', '/').replaceAll('~0', '~')], openapi);
}

// The path of the document that a request's is of; one that names a segment goes before one that leaves it open.
function pathOf(pathname) {
  const asked = pathname.replace(/\/$/, '').split('/');
  const rank = (at) => at.split('/').map((segment) => (segment.startsWith('{') ? '1' : '0')).join('');
  const fitting = Object.keys(openapi.paths).filter((at) => {
    const segments = at.split('/');
    return segments.length === asked.length && segments.every((segment, i) => (segment.startsWith('{') ? asked[i] !== '' : segment === asked[i]));
  });
  return fitting.sort((a, b) => (rank(a) < rank(b) ? -1 : 1))[0];
}

const validators = new WeakMap();

function faultsOf(schema, value, what) {
  let validate = validators.get(schema);
  if (!validate) {
    // References inside are to the document.
    validate = ajv.compile(JSON.parse(JSON.stringify(schema), (name, inner) => (name === '$ref' ? `openapi${inner}` : inner)));
    validators.set(schema, validate);
  }
  if (validate(value)) return [];
  // Of the branches of an anyOf, the faults farthest inside tell most.
  const depth = ({ instancePath }) => instancePath.split('/').length;
  return [...validate.errors].sort((a, b) => depth(b) - depth(a)).slice(0, MAX_FAULTS_TOLD)
    .map(({ instancePath, message, params }) => `${what}${instancePath}: ${message} ${JSON.stringify(params)}`);
}

function queryFaults(parameters, query) {
  const known = new Map(parameters.filter((each) => each.in === 'query').map((each) => [each.name, each]));
  return [...new Set(query.keys())].flatMap((name) => {
    if (!known.has(name)) return [`query: there is no parameter ${name}`];
    const { schema } = known.get(name);
    const whole = ({ type, anyOf = [] }) => type === 'integer' || anyOf.some(whole);
    const read = (text, each) => ((whole(each) && /^-?\d+$/.test(text)) || (each.type === 'number' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) ? Number(text) : text);
    const value = schema.type === 'array' ? query.getAll(name).map((text) => read(text, schema.items)) : read(query.get(name), schema);
    return faultsOf(schema, value, `query ${name}`);
  });
}

function bodyFaults(content, text, type, what) {
  if (!content) return text ? [`${what}: there is a body, and the document has none`] : [];
  const media = content[(type ?? '').split(';')[0].trim().toLowerCase()];
  if (!media) return [`${what}: the type ${type} is not documented; there is ${Object.keys(content).join(', ')}`];
  if (!Object.keys(content).some((name) => name.includes('json') && !name.includes('ndjson'))) return faultsOf(media.schema, text, what);
  try {
    return faultsOf(media.schema, JSON.parse(text), what);
  } catch (error) {
    return [`${what}: ${error.message}`];
  }
}

// The faults of one request and its answer, as text; empty: it is as documented. `url` is the path with its query,
// bodies are text.
export function exchangeFaults({ method, url, requestType, requestBody = '', status, responseType, responseBody = '' }) {
  const { pathname, searchParams } = new URL(url, 'http://admin');
  const at = pathOf(pathname);
  const found = operations.find((each) => each.path === at && each.method === method);
  const called = found ? `${found.operation.operationId}, ${method} ${url}, answered ${status}` : `${method} ${url}, answered ${status}`;
  if (!found) return status === 404 || status === 405 ? [] : [`${called}: the document has no such operation`];
  const response = resolved(found.operation.responses[status]);
  if (!response) return [`${called}: the document has only ${Object.keys(found.operation.responses).join(', ')}`];
  const faults = method === 'HEAD' ? [] : bodyFaults(response.content, responseBody, responseType, 'answer');
  if (status < 300) {  // what was refused need not be as documented
    faults.push(...queryFaults(found.parameters, searchParams));
    const { requestBody: documented } = found.operation;
    if (requestBody || documented?.required) faults.push(...bodyFaults(documented?.content, requestBody, requestType, 'request'));
  }
  return faults.map((fault) => `${called}: ${fault}`);
}

function assertNone(faults) {
  if (faults.length === 0) return;
  // Fatal: nobody waits for it to go away.
  throw Object.assign(new Error(`not as in docs/openapi.json:\n${[...new Set(faults)].join('\n')}`), { fatal: true });
}

export const assertDocumented = (exchange) => assertNone(exchangeFaults(exchange));

// For clients that are not ours: passes what they send on to `uri`, and fails the test when something is not as
// documented. Resolves to the address that takes the place of `uri`.
export async function documentedUri(t, uri) {
  const faults = [];
  const server = createServer(async (request, answer) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const requestBody = Buffer.concat(chunks);
    const { host, connection, 'content-length': length, 'transfer-encoding': coding, expect, ...headers } = request.headers;
    const response = await fetch(uri + request.url, { method: request.method, headers, body: requestBody.length ? requestBody : undefined, redirect: 'manual' });
    const responseBody = await response.text();
    faults.push(...exchangeFaults({
      method: request.method, url: request.url, requestType: headers['content-type'], requestBody: requestBody.toString(),
      status: response.status, responseType: response.headers.get('content-type'), responseBody,
    }));
    const { 'content-length': _, connection: __, 'keep-alive': ___, ...rest } = Object.fromEntries(response.headers);
    answer.writeHead(response.status, rest).end(responseBody);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
    assertNone(faults);
  });
  return `http://127.0.0.1:${server.address().port}`;
}
