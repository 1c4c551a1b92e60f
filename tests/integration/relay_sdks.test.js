// Real SDKs, unchanged, with their flags and events through Sluice: the switch "export" decides whether they send a flag's evaluations in
// full, and nothing else changes for them. SDKs of other languages: tests/conformance/relay.test.js.
import { browserSessions } from './relay/browser_sessions.js';
import { nodeSessions } from './relay/node_sessions.js';
import { testEvaluations, testSecondProtocol, testSwitches } from './relay/tables.js';

const sdks = [...nodeSessions, ...browserSessions];
testSwitches(sdks);
testEvaluations(sdks);
testSecondProtocol(sdks);
