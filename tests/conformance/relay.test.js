// SDKs of all languages, unchanged, with their flags and events through Sluice: the tables of docs/relay.md.
import { browserSessions } from '../integration/relay/browser_sessions.js';
import { nodeSessions } from '../integration/relay/node_sessions.js';
import { testEvaluations, testSecondProtocol, testSwitches } from '../integration/relay/tables.js';
import { programSession } from './program_sessions.js';
import { go, python, PYTHON_VERSIONS } from './toolchains.js';

const sdks = [
  ...nodeSessions, ...browserSessions,
  ...PYTHON_VERSIONS.map((version) => programSession(python(version, 'session.py'), { secondProtocol: version.startsWith('9.') ? '`datasystem_config`' : undefined })),
  programSession(go, { secondProtocol: '`DataSystem`' }),
];
testSwitches(sdks);
testEvaluations(sdks);
testSecondProtocol(sdks);
