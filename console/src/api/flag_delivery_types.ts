// The REST API's answers about flag delivery, as far as this console reads them.
import type { Instant } from '../format/times';
import type { Environment, Problem } from './types';

// What SDKs are served of the flags: one of the whole environment, and one for each payload filter.
export interface FlagFeed {
  filter: string;
  state: 'following' | 'behind' | 'connecting' | 'no flags';
  since?: Instant;
  lastChange?: Instant;
  flags: number;
  segments: number;
  unreadableFlags: number;
  fromDisk: boolean;
  ofFormerSource: boolean;
  streams: number;
  pingStreams: number;
  problem?: Problem;
}

// How the source answers mobile apps and browsers, which do not evaluate.
export interface Evaluations {
  state: 'not asked' | 'answering' | 'failing';
  since?: Instant;
  lastAnswered?: Instant;
  problem?: Problem;
}

export interface FlagSourceStatus {
  flagSource: Environment['flagSource'];
  streamUri?: string;
  clientBaseUri?: string;
  files?: string[];
  // Of LaunchDarkly or an ld-relay.
  evaluations?: Evaluations;
  feeds: FlagFeed[];
}

export interface SeenSdk {
  // Empty: it does not say.
  name: string;
  version: string;
  wrapper?: string;
  credential: 'sdk_key' | 'mobile_key' | 'client_side_id';
  flags: 'none' | 'poll' | 'stream';
  streams: number;
  sendsEvents: boolean;
  lastSeen: Instant;
  needs?: { code: string; message: string };
}

export interface SeenSdks {
  since: Instant;
  forgotten: number;
  items: SeenSdk[];
}

// Whether SDKs send a flag in full because of the flags that Sluice delivers; if not, why.
export interface FullSending {
  sent: boolean;
  code: string;
  message: string;
  since?: Instant;
}
