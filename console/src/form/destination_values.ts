// The values of the destination form, and their conversion to the API's form.
import type { Destination, DestinationDraft, Setting } from '../api/types';

export interface DestinationValues {
  name: string;
  project: string;
  environment: string;
  on: boolean;
  region: string;
  stream: string;
  roleArn: string;
  externalId: string;
  kinds: string[];
  onlyFlags: string[];
  neverFlags: string[];
  onlyEvents: string[];
  neverEvents: string[];
  onlyContextKinds: string[];
  neverContextKinds: string[];
  sampleOneIn: string;
  dropAttributes: string[];
  hashAttributes: string[];
  hashKeysOf: string[];
  hashSecret: string;
  addFields: string[];
  newline: boolean;
  encoding: string;
  start: string;
  endpoint: string;
  stsEndpoint: string;
}

export const EMPTY: DestinationValues = {
  name: '', project: '', environment: '', on: true, region: '', stream: '', roleArn: '', externalId: '', kinds: [], onlyFlags: [], neverFlags: [],
  onlyEvents: [], neverEvents: [], onlyContextKinds: [], neverContextKinds: [], sampleOneIn: '', dropAttributes: [], hashAttributes: [],
  hashKeysOf: [], hashSecret: '', addFields: [], newline: true, encoding: 'json', start: 'now', endpoint: '', stsEndpoint: '',
};

export const SECRETS = ['hashSecret'] as const;
export const KINDS = ['feature', 'debug', 'identify', 'custom', 'click', 'pageview', 'index', 'summary', 'alias', 'migration_op'];
export const ADDED_FIELDS = ['receivedDate', 'projectKey', 'environmentKey', 'sdk', 'application'];

// What a consumer must be able to do, by encoding; the first is the default.
export const ENCODINGS = [
  { value: 'json', label: 'json: one event per record', consumers: 'Any consumer reads it, Lambda filters and Redshift included. Costs the most.' },
  { value: 'ndjson', label: 'ndjson: up to 500 events, a line each', consumers: 'Consumers split records at newlines. Firehose reads it as it is; Lambda filters and Redshift do not.' },
  { value: 'ndjson+gzip', label: 'ndjson+gzip: compressed lines', consumers: 'Consumers decompress each record with gzip, then split it at newlines. Only for code of your own.' },
  { value: 'ndjson+zstd', label: 'ndjson+zstd: compressed lines', consumers: 'Consumers decompress each record with zstd, then split it at newlines. Only for code of your own. Costs the least.' },
  { value: 'kpl', label: 'kpl: aggregated records', consumers: 'KCL and Firehose read it as it is. Other consumers need a KPL deaggregation library.' },
] as const;
export const linesAlwaysEnd = (encoding: string) => encoding.startsWith('ndjson');

const TEXTS = ['region', 'roleArn', 'externalId', 'hashSecret', 'endpoint', 'stsEndpoint'] as const;
const LISTS = [
  'kinds', 'onlyFlags', 'neverFlags', 'onlyEvents', 'neverEvents', 'onlyContextKinds', 'neverContextKinds', 'dropAttributes', 'hashAttributes',
  'hashKeysOf', 'addFields',
] as const;

// The API's field names in errors, by the form's field. The stream has two names there.
const FIELD_OF: Record<string, keyof DestinationValues> = {
  name: 'name',
  on: 'on',
  'config.streamName': 'stream',
  'config.streamArn': 'stream',
  'config.sampleOneIn': 'sampleOneIn',
  'config.newline': 'newline',
  'config.encoding': 'encoding',
  'config.start': 'start',
  ...Object.fromEntries([...TEXTS, ...LISTS].map((name) => [`config.${name}`, name])),
};
export const KNOWN_FAULTS = Object.keys(FIELD_OF);

export function byField(fields: Record<string, string>): Partial<Record<keyof DestinationValues, string>> {
  const out: Partial<Record<keyof DestinationValues, string>> = {};
  for (const [name, text] of Object.entries(fields)) {
    const field = FIELD_OF[name];
    if (field) out[field] = out[field] && out[field] !== text ? `${out[field]} ${text}` : text;
  }
  return out;
}

// arn:aws:kinesis:eu-west-1:123456789012:stream/flags contains its region.
export function regionOfArn(stream: string): string {
  const parts = stream.trim().split(':');
  return parts[0] === 'arn' && parts[2] === 'kinesis' ? (parts[3] ?? '') : '';
}

// Only what is set: the rest is the server's default.
export function configOf(values: DestinationValues): Record<string, Setting> {
  const config: Record<string, Setting> = {};
  for (const name of TEXTS) if (values[name].trim()) config[name] = values[name].trim();
  for (const name of LISTS) if (values[name].length > 0) config[name] = values[name];
  const stream = values.stream.trim();
  if (stream) config[stream.startsWith('arn:') ? 'streamArn' : 'streamName'] = stream;
  if (values.sampleOneIn.trim()) config['sampleOneIn'] = /^\d+$/.test(values.sampleOneIn.trim()) ? Number(values.sampleOneIn) : values.sampleOneIn.trim();
  if (!values.newline) config['newline'] = false;
  if (values.encoding !== 'json') config['encoding'] = values.encoding;
  if (values.start !== 'now') config['start'] = values.start;
  return config;
}

export function draftOf(values: DestinationValues): DestinationDraft {
  return { kind: 'kinesis', on: values.on, ...(values.name.trim() && { name: values.name.trim() }), config: configOf(values) };
}

export function valuesOf(destination: Destination, project: string, environment: string): DestinationValues {
  const { config } = destination;
  const values: DestinationValues = { ...EMPTY, name: destination.name, project, environment, on: destination.on };
  for (const name of TEXTS) values[name] = typeof config[name] === 'string' ? config[name] : '';
  for (const name of LISTS) values[name] = Array.isArray(config[name]) ? config[name] : [];
  values.stream = String(config['streamArn'] || config['streamName'] || '');
  values.sampleOneIn = config['sampleOneIn'] == null ? '' : String(config['sampleOneIn']);
  values.newline = config['newline'] !== false;
  values.encoding = typeof config['encoding'] === 'string' ? config['encoding'] : 'json';
  values.start = typeof config['start'] === 'string' ? config['start'] : 'now';
  return values;
}

// A merge patch of what differs; null resets a setting to its default. Settings that the form does not show stay.
export function mergeOf(values: DestinationValues, destination: Destination): { version: number; name?: string; on?: boolean; config?: Record<string, Setting> } {
  const before = configOf(valuesOf(destination, values.project, values.environment));
  const after = configOf(values);
  const config: Record<string, Setting> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
    if (JSON.stringify(before[name]) !== JSON.stringify(after[name])) config[name] = after[name] ?? null;
  // One event per record has no size to aim at.
  if (after['encoding'] === undefined && destination.config['recordBytes'] != null) config['recordBytes'] = null;
  // With an ARN, a name that is still there would contradict it.
  if ('streamArn' in config && config['streamArn'] !== null && destination.config['streamName']) config['streamName'] = null;
  if ('streamName' in config && config['streamName'] !== null && destination.config['streamArn']) config['streamArn'] = null;
  return {
    version: destination.version,
    ...(values.name.trim() !== destination.name && { name: values.name.trim() }),
    ...(values.on !== destination.on && { on: values.on }),
    ...(Object.keys(config).length > 0 && { config }),
  };
}

export function newExternalId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
