// The REST API's answers, as far as this console reads them.
import type { Instant } from '../format/times';
import type { FullSending } from './flag_delivery_types';

export type Role = 'custom' | 'reader' | 'writer' | 'admin';
export type DestinationState = 'delivering' | 'idle' | 'behind' | 'waiting' | 'blocked' | 'off';

export interface Caller {
  tokenName?: string;
  memberName?: string;
  tokenId?: string;
  role: Role;
}

export interface Project {
  _id: string;
  key: string;
  name: string;
  environments?: { totalCount: number; items: Environment[] };
}

export interface Environment {
  _id: string;
  key: string;
  name: string;
  apiKey: string;
  mobileKey: string;
  // Keys that were reset and still work.
  expiringApiKeys?: { key: string; expiry: number }[];
  expiringMobileKeys?: { key: string; expiry: number }[];
  defaultTrackEvents: boolean;
  featureEvents: 'as sent' | 'chosen flags';
  exportAllFlags?: boolean;
  allowedOrigins?: string[];
  allowedHeaders?: string[];
  // Where the flags come from that SDKs take through Sluice, as its owner gave it.
  flagSource: 'none' | 'launchdarkly' | 'files';
  flagSite?: string;
  flagStreamUri?: string;
  flagBaseUri?: string;
  flagFiles?: string[];
  flagReasons?: boolean;
}

export type Setting = string | number | boolean | string[] | null;

export interface Destination {
  _id: string;
  _links: { self: { href: string } };
  name: string;
  kind: string;
  version: number;
  on: boolean;
  config: Record<string, Setting>;
}

export interface DestinationDraft {
  name?: string;
  kind: string;
  on?: boolean;
  config: Record<string, Setting>;
}

export type FieldType = 'text' | 'secret' | 'number' | 'boolean' | 'choice' | 'texts' | 'pairs' | 'size' | 'duration' | 'region';

export interface FormField {
  // In `config`.
  key: string;
  label: string;
  help: string;
  type: FieldType;
  group: string;
  required: boolean;
  // Whether its value is shown to nobody again.
  secret?: boolean;
  // What an empty field means.
  default?: string;
  example?: string;
  // A regular expression that all good values match.
  pattern?: string;
  choices?: { value: string; label: string; help: string }[];
  // Shown only while the field of this key has a value: one of these, or any.
  dependsOn?: string;
  dependsOnValues?: string[];
}

export interface FormGroup {
  key: string;
  title: string;
  help: string;
}

// Which of the settings that kinds have in common it has.
export interface Supports {
  eventKinds: boolean;
  filters: boolean;
  sampling: boolean;
  privacy: boolean;
  addedFields: boolean;
  replay: boolean;
  cost: boolean;
}

// A kind of destination, and the form of its settings.
export interface DestinationKind {
  kind: string;
  title: string;
  summary: string;
  keywords: string;
  icon: string;
  docs: string;
  supports: Supports;
  unsupportedReason: string;
  form: { groups: FormGroup[]; fields: FormField[] };
}

export interface Backlog {
  events: number;
  bytes: number;
  oldestAgeMs: number;
}

export interface DestinationLine {
  id: string;
  name: string;
  project: string;
  environment: string;
  kind: string;
  // What it delivers to: "stream flags in eu-west-1".
  target: string;
  on: boolean;
  state: DestinationState;
  since: Instant;
  needsPerson: boolean;
  summary: string;
  backlog: Backlog;
  acceptedPerSecond: number;
  deliveredPerSecond: number;
  lastDelivery: Instant;
}

export interface Problem {
  code?: string;
  message: string;
  remedy?: string;
  requestId?: string;
  since?: Instant;
  lastSeen?: Instant;
  times?: number;
  nextTry?: Instant;
}

export interface Shards {
  open: number | null;
  mode: 'PROVISIONED' | 'ON_DEMAND' | null;
  peakEventsPerSecond: number;
  peakBytesPerSecond: number;
  // Null: nothing was delivered yet.
  bytesPerEvent: number | null;
  eventsPerMonth: number;
  byRule: number;
  byMeasure: number;
  advised: number;
  cost: {
    perMonthUsd: number;
    capacityPerMonthUsd: number;
    volumePerMonthUsd: number;
    asOf: string;
    source: string;
    note?: string;
  } | null;
}

export interface Replay {
  from: Instant;
  to: Instant;
  startedAt: Instant;
  state: 'running' | 'done' | 'cancelled';
  deliveredEvents: number;
  deadLetteredEvents?: number;
  bytes?: number;
  problem?: Problem | null;
  fraction: number;
}

export interface DestinationStatus extends DestinationLine {
  problem: Problem | null;
  notes: Problem[];
  acceptedEvents: number;
  deliveredEvents: number;
  deliveredBytes: number;
  deadLetteredEvents: number;
  deadLetterBytes?: number | null;
  filteredEvents: number;
  missingEvents: number;
  cutEvents?: number;
  retriedRecordsByCode: Record<string, number>;
  callsInFlight: number;
  openShards?: number | null;
  shards?: Shards | null;
  replay?: Replay | null;
}

export interface Journal {
  storedBytes: number;
  capacityBytes: number;
  freeBytes: number;
  oldestAgeMs: number;
  bytesPerSecond?: number;
  fullInMs?: number | null;
  missingEntries?: number;
}

export interface SetAside {
  id: string;
  name: string;
  since: Instant;
  kind: string;
  eventsKeptUntil: Instant;
  payloadsKept: boolean | null;
}

// What is wrong with the server itself.
export interface ServerNote {
  code: string;
  message: string;
  remedy: string;
}

export interface EnvironmentLine {
  id: string;
  project: string;
  environment: string;
  eventsReceived: number;
  lastEvent: Instant;
}

export interface ServerStatus {
  version: string;
  state: string;
  ready: boolean;
  reason: string;
  started: Instant;
  uptimeMs: number;
  identity?: string | null;
  intake?: { address: string } | null;
  managed?: boolean;
  journal: Journal;
  environments: EnvironmentLine[];
  destinations: DestinationLine[];
  setAside?: SetAside[];
  notes?: ServerNote[];
}

export interface CheckStep {
  name: string;
  title: string;
  status: 'ok' | 'warning' | 'failed' | 'unknown' | 'skipped';
  message: string;
  remedy?: string | null;
  code?: string | null;
  requestId?: string | null;
  policy?: object | null;
}

export interface CheckResult {
  ok: boolean;
  tookMs: number;
  steps: CheckStep[];
}

// What has to be set up at the far end: documents by name, as objects or texts; and facts about them.
export type SetupHelp = Record<string, unknown>;

export interface TestEventResult {
  delivered: boolean;
  eventId: string;
  key: string;
  tookMs: number;
  // Where it is, in words.
  where?: string;
  problem?: Problem;
}

export interface HistoryPoint {
  t: number;
  accepted: number;
  delivered: number;
  retried: number;
  failedCalls: number;
  backlogEvents: number;
  backlogBytes: number;
  latencyP50Ms: number | null;
  latencyP99Ms: number | null;
}

export type Span = 'hour' | 'day' | 'week';

export interface History {
  span: Span;
  stepMs: number;
  endMs: number;
  points: HistoryPoint[];
}

export interface DeadLetters {
  totalCount: number;
  bytes: number;
  items: { time: Instant; code: string; reason: string; position?: string; record: unknown; recordBytes?: number }[];
}

export interface ExportedEvent {
  position: string | number;
  receivedAt: Instant;
  kind: string;
  id: string;
  key: string | null;
  // null: too long for a list; `whole` has it.
  record: Record<string, unknown> | null;
  eventBytes?: number;
  whole?: { href: string };
}

export interface EventPage {
  items: ExportedEvent[];
  next: string | number;
}

export interface FlagEnvironment {
  trackEvents: boolean;
  evaluations: number;
  firstSeen: Instant;
  lastSeen: Instant;
  summaryOnly?: boolean;
  inFull?: FullSending;
  _summary?: { variations: Record<string, { evaluations: number }> };
}

export interface Flag {
  key: string;
  name: string;
  kind: string;
  variations: { _id: string; value: unknown; name?: string }[];
  environments: Record<string, FlagEnvironment>;
}

export interface FlagPage {
  totalCount: number;
  items: Flag[];
}

export interface CustomRole {
  _id: string;
  key: string;
  name: string;
  description: string;
  creationDate: Instant;
  policy: { effect: 'allow' | 'deny'; resources?: string[]; notResources?: string[]; actions?: string[]; notActions?: string[] }[];
}

export interface Token {
  _id: string;
  name: string;
  role: Role;
  customRoleIds?: string[];
  token: string;
  creationDate: Instant;
}

export interface AuditEntry {
  _id: string;
  date: number;
  title: string;
  comment: string;
  accesses: { action: string; resource: string }[];
  member: { name?: string; tokenId?: string } | null;
  previousVersion?: unknown;
  currentVersion?: unknown;
}

export interface Usage {
  metadata: Record<string, string>[];
  series: Record<string, number>[];
}
