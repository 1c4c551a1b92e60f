// Every REST API call of the console, typed.
import { call } from './http';
import type { FlagSourceStatus, SeenSdks } from './flag_delivery_types';
import type {
  AuditEntry, Caller, CheckResult, CustomRole, DeadLetters, Destination, DestinationDraft, DestinationKind, DestinationStatus, Environment,
  EventPage, FlagPage, History, Project, Replay, Role, ServerStatus, Setting, SetupHelp, Span, TestEventResult, Token, Usage,
} from './types';

const API = '/api/v2';
const at = (...parts: string[]) => `${API}/${parts.map(encodeURIComponent).join('/')}`;

function withQuery(path: string, query: Record<string, string | number | undefined>): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

interface Items<T> {
  items: T[];
  totalCount?: number;
}

export interface DestinationRef {
  project: string;
  environment: string;
  id: string;
}

export function refOf(destination: Destination): DestinationRef {
  const [project = '', environment = '', id = ''] = destination._links.self.href.split('/').slice(-3).map(decodeURIComponent);
  return { project, environment, id };
}

export const session = {
  begin: (token: string) => call<void>('/api/session', { method: 'POST', body: { token }, signingIn: true }),
  end: () => call<void>('/api/session', { method: 'DELETE', signingIn: true }),
  caller: (signal?: AbortSignal) => call<Caller>(`${API}/caller-identity`, { signingIn: true, signal }),
};

export const server = {
  status: (signal?: AbortSignal) => call<ServerStatus>(`${API}/status`, { signal }),
  regions: (signal?: AbortSignal) => call<Items<{ name: string; partition: string; description?: string }>>(`${API}/aws-regions`, { signal }),
  kinds: (signal?: AbortSignal) => call<Items<DestinationKind>>(`${API}/destination-kinds`, { signal }),
  // `question`: texts as typed, which the server checks; an empty one is not sent. What the answer holds depends on the kind.
  cost: <Cost,>(kind: string, question: Record<string, string>, signal?: AbortSignal) =>
    call<Cost>(withQuery(at(`${kind}-cost`), question), { signal }),
};

export const projects = {
  list: (signal?: AbortSignal) => call<Items<Project>>(`${API}/projects?expand=environments`, { signal }),
  create: (body: { key: string; name: string; environments?: EnvironmentDraft[] }) => call<Project>(`${API}/projects`, { method: 'POST', body }),
  change: (key: string, merge: { name: string }) => call<Project>(at('projects', key), { method: 'PATCH', body: { merge } }),
  remove: (key: string) => call<void>(at('projects', key), { method: 'DELETE' }),
};

export interface EnvironmentDraft {
  key: string;
  name: string;
  _id?: string;
  apiKey?: string;
  mobileKey?: string;
}

type EnvironmentChange = Partial<Pick<Environment, 'name' | 'defaultTrackEvents' | 'featureEvents'>> & {
  exportAllFlags?: boolean | null;
  allowedOrigins?: string[] | null;
} & Partial<FlagSourceChange>;

// null: as without it.
export interface FlagSourceChange {
  flagSource: Environment['flagSource'];
  flagSite: string | null;
  flagStreamUri: string | null;
  flagBaseUri: string | null;
  flagFiles: string[] | null;
  flagReasons: boolean | null;
}

export const environments = {
  create: (project: string, body: EnvironmentDraft) => call<Environment>(at('projects', project, 'environments'), { method: 'POST', body }),
  change: (project: string, key: string, merge: EnvironmentChange) =>
    call<Environment>(at('projects', project, 'environments', key), { method: 'PATCH', body: { merge } }),
  remove: (project: string, key: string) => call<void>(at('projects', project, 'environments', key), { method: 'DELETE' }),
  flagSource: (project: string, key: string, signal?: AbortSignal) =>
    call<FlagSourceStatus>(at('projects', project, 'environments', key, 'flag-source'), { signal }),
  sdks: (project: string, key: string, signal?: AbortSignal) => call<SeenSdks>(at('projects', project, 'environments', key, 'sdks'), { signal }),
  // `expiry`: when the old key stops working; immediately without it.
  resetKey: (project: string, key: string, which: 'apiKey' | 'mobileKey', expiry?: number) =>
    call<Environment>(withQuery(at('projects', project, 'environments', key, which), { expiry }), { method: 'POST' }),
};

const of = ({ project, environment, id }: DestinationRef, ...rest: string[]) => at('destinations', project, environment, id, ...rest);

export const destinations = {
  list: (signal?: AbortSignal) => call<Items<Destination>>(`${API}/destinations`, { signal }),
  get: (ref: DestinationRef, signal?: AbortSignal) => call<Destination>(of(ref), { signal }),
  create: (project: string, environment: string, body: DestinationDraft) =>
    call<Destination>(at('destinations', project, environment), { method: 'POST', body }),
  change: (ref: DestinationRef, merge: { version?: number; name?: string; on?: boolean; config?: Record<string, Setting> }) =>
    call<Destination>(of(ref), { method: 'PATCH', body: { merge } }),
  remove: (ref: DestinationRef) => call<void>(of(ref), { method: 'DELETE' }),
  status: (ref: DestinationRef, signal?: AbortSignal) => call<DestinationStatus>(of(ref, 'status'), { signal }),
  history: (ref: DestinationRef, span: Span, signal?: AbortSignal) => call<History>(withQuery(of(ref, 'history'), { span }), { signal }),
  setupHelp: (ref: DestinationRef, signal?: AbortSignal) => call<SetupHelp>(of(ref, 'policies'), { signal }),
  setupHelpOf: (project: string, environment: string, body: DestinationDraft, signal?: AbortSignal) =>
    call<SetupHelp>(at('destinations', project, environment, 'policies'), { method: 'POST', body, signal }),
  check: (project: string, environment: string, body: DestinationDraft, signal?: AbortSignal) =>
    call<CheckResult>(at('destinations', project, environment, 'check'), { method: 'POST', body, signal }),
  checkSaved: (ref: DestinationRef) => call<CheckResult>(of(ref, 'check'), { method: 'POST' }),
  testEvent: (ref: DestinationRef) => call<TestEventResult>(of(ref, 'test-event'), { method: 'POST' }),
  replay: (ref: DestinationRef, from: number, to?: number) => call<Replay>(of(ref, 'replay'), { method: 'POST', body: { from, to } }),
  cancelReplay: (ref: DestinationRef) => call<void>(of(ref, 'replay'), { method: 'DELETE' }),
  deadLetters: (ref: DestinationRef, signal?: AbortSignal) => call<DeadLetters>(withQuery(of(ref, 'dead-letters'), { limit: 50 }), { signal }),
  deadLettersFile: (ref: DestinationRef) => of(ref, 'dead-letters', 'file'),
  retryDeadLetters: (ref: DestinationRef) =>
    call<{ retried: number; delivered: number; kept: number }>(of(ref, 'dead-letters', 'retry'), { method: 'POST' }),
  // An external id of the environment's own.
  externalId: (project: string, environment: string) =>
    call<{ externalId: string }>(at('destinations', 'projects', project, 'environments', environment, 'generate-trust-policy'), {
      method: 'POST',
      body: {},
    }),
};

export const events = {
  after: (project: string, environment: string, query: { after?: string; limit?: number; destination?: string }, signal?: AbortSignal) =>
    call<EventPage>(withQuery(at('events', project, environment), query), { signal }),
  stream: (project: string, environment: string, after?: string) => withQuery(at('events', project, environment), { after }),
};

export const flags = {
  page: (project: string, query: { env: string; limit: number; offset: number; text: string; sort: string }, signal?: AbortSignal) =>
    call<FlagPage>(
      withQuery(at('flags', project), {
        env: query.env, limit: query.limit, offset: query.offset, sort: query.sort, filter: query.text && `query:${query.text}`,
      }),
      { signal },
    ),
  switchOne: (project: string, environmentKey: string, flag: string, trackEvents: boolean) =>
    call<unknown>(at('flags', project, flag), { method: 'PATCH', body: { environmentKey, instructions: [{ kind: 'updateTrackEvents', trackEvents }] } }),
  switchMany: (project: string, environmentKey: string, keys: string[], trackEvents: boolean) =>
    call<{ changed: number }>(at('flags', project), { method: 'PATCH', body: { environmentKey, flags: keys, trackEvents } }),
};

export interface UsageQuery {
  from: number;
  to: number;
  granularity: 'hourly' | 'daily' | 'monthly';
  groupBy?: string;
}

export const usage = {
  read: (query: UsageQuery, signal?: AbortSignal) => call<Usage>(withQuery(`${API}/usage/data-export-events`, { ...query }), { signal }),
};

export const tokens = {
  list: (signal?: AbortSignal) => call<Items<Token>>(`${API}/tokens`, { signal }),
  create: (body: { name: string; role: Role } | { name: string; customRoleIds: string[] }) => call<Token>(`${API}/tokens`, { method: 'POST', body }),
  remove: (id: string) => call<void>(at('tokens', id), { method: 'DELETE' }),
};

export const roles = {
  list: (signal?: AbortSignal) => call<Items<CustomRole>>(`${API}/roles`, { signal }),
  create: (body: { key: string; name?: string; description: string; policy: unknown }) => call<CustomRole>(`${API}/roles`, { method: 'POST', body }),
  change: (key: string, merge: { name: string; description: string; policy: unknown }) => call<CustomRole>(at('roles', key), { method: 'PATCH', body: { merge } }),
  remove: (key: string) => call<void>(at('roles', key), { method: 'DELETE' }),
};

export const audit = {
  list: (query: { before?: number; q?: string }, signal?: AbortSignal) =>
    call<Items<AuditEntry>>(withQuery(`${API}/auditlog`, { limit: 20, ...query }), { signal }),
  get: (id: string, signal?: AbortSignal) => call<AuditEntry>(at('auditlog', id), { signal }),
};
