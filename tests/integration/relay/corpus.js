// Flags, segments and contexts of every form that SDKs know, as JSON texts: some of what SDKs read has no other form in JavaScript (1.0, 1e2, integers
// above 2^53, a member that comes twice).
import { serverFlag } from '../lib/flag_server.js';

const VERSION = 4;
const text = (key, fields) => JSON.stringify(serverFlag(key, { version: VERSION, ...fields }));
const YES_NO = { variations: ['yes', 'no'], fallthrough: { variation: 1 } };
const clause = (attribute, op, values, more = {}) => ({ contextKind: 'user', attribute, op, values, negate: false, ...more });
const rule = (id, clauses, more = { variation: 0 }) => ({ id, clauses, trackEvents: false, ...more });
const weights = (...shares) => shares.map((weight, variation) => ({ variation, weight }));

// An operator each: what the clause says of `attribute`.
const CLAUSES = {
  in: clause('country', 'in', ['NL', 'BE']),
  'not-in': clause('country', 'in', ['NL', 'BE'], { negate: true }),
  'in-number': clause('age', 'in', [41, 42.0]),
  'in-boolean': clause('beta', 'in', [true]),
  'starts-with': clause('email', 'startsWith', ['anna@']),
  'ends-with': clause('email', 'endsWith', ['.example', '.org']),
  contains: clause('name', 'contains', ['é', 'ß']),
  matches: clause('email', 'matches', ['^[a-z]+@(shop|work)\\.example$']),
  'matches-broken': clause('email', 'matches', ['(']),
  'less-than': clause('age', 'lessThan', [42]),
  'less-than-or-equal': clause('age', 'lessThanOrEqual', [42]),
  'greater-than': clause('age', 'greaterThan', [41.5]),
  'greater-than-or-equal': clause('age', 'greaterThanOrEqual', [42]),
  before: clause('joined', 'before', ['2026-01-01T00:00:00Z']),
  after: clause('joined', 'after', [1767225600000]),
  'semver-equal': clause('version', 'semVerEqual', ['2.0']),
  'semver-less': clause('version', 'semVerLessThan', ['2.0.1-rc.1']),
  'semver-greater': clause('version', 'semVerGreaterThan', ['1.9.9+build.7']),
  'unknown-operator': clause('country', 'isNearTo', ['NL']),
  'nested-attribute': clause('/address/city', 'in', ['Utrecht']),
  'escaped-attribute': clause('/odd~1name', 'in', ['slash']),
  'no-such-attribute': clause('nothing', 'in', ['x']),
  kind: clause('kind', 'in', ['organization', 'multi'], { contextKind: undefined }),
  'other-kind': clause('employees', 'greaterThan', [10], { contextKind: 'organization' }),
  'list-attribute': clause('groups', 'in', ['admins']),
  segment: clause('', 'segmentMatch', ['insiders']),
  'not-segment': clause('', 'segmentMatch', ['insiders'], { negate: true }),
  'segment-of-segments': clause('', 'segmentMatch', ['nested']),
  'no-such-segment': clause('', 'segmentMatch', ['gone']),
  'large-segment': clause('', 'segmentMatch', ['large']),
  'unbounded-segment': clause('', 'segmentMatch', ['unbounded']),
  'segment-with-weight': clause('', 'segmentMatch', ['half']),
  'segment-of-organizations': clause('', 'segmentMatch', ['organizations']),
};

function ruleFlags() {
  return Object.entries(CLAUSES).map(([name, of]) => [`op-${name}`, { ...YES_NO, rules: [rule(`rule-${name}`, [of])] }]);
}

const OTHERS = {
  on: { ...YES_NO, fallthrough: { variation: 0 } },
  off: { ...YES_NO, on: false, offVariation: 1 },
  'off-without-variation': { ...YES_NO, on: false, offVariation: null },
  targeted: { ...YES_NO, targets: [{ variation: 0, values: ['anna', 'ünï-çødé-用户'] }], contextTargets: [{ contextKind: 'user', variation: 0, values: [] }, { contextKind: 'organization', variation: 0, values: ['acme'] }] },
  'two-clauses': { ...YES_NO, rules: [rule('both', [CLAUSES.in, CLAUSES.contains]), rule('second', [CLAUSES['ends-with']], { variation: 0 })] },
  'tracked-rule': { ...YES_NO, rules: [rule('tracked', [CLAUSES.in], { variation: 0, trackEvents: true })] },
  'tracked-fallthrough': { ...YES_NO, trackEventsFallthrough: true },
  tracked: { ...YES_NO, trackEvents: true },
  debugged: { ...YES_NO, debugEventsUntilDate: 4102444800000 },
  rollout: { variations: ['a', 'b', 'c'], fallthrough: { rollout: { contextKind: 'user', variations: weights(33_333, 33_333, 33_334) } } },
  'rollout-by-attribute': { variations: ['a', 'b'], fallthrough: { rollout: { contextKind: 'user', bucketBy: 'country', variations: weights(50_000, 50_000) } } },
  'rollout-with-seed': { variations: ['a', 'b'], fallthrough: { rollout: { contextKind: 'user', seed: 4711, variations: weights(50_000, 50_000) } } },
  'rollout-of-organizations': { variations: ['a', 'b'], fallthrough: { rollout: { contextKind: 'organization', variations: weights(10_000, 90_000) } } },
  'rollout-in-rule': { variations: ['a', 'b'], rules: [rule('some', [CLAUSES.in], { rollout: { contextKind: 'user', variations: weights(20_000, 80_000) } })] },
  'rollout-short': { variations: ['a', 'b'], fallthrough: { rollout: { variations: weights(1, 2) } } },
  experiment: { variations: ['a', 'b'], trackEventsFallthrough: true, fallthrough: { rollout: { kind: 'experiment', contextKind: 'user', seed: 7, variations: weights(50_000, 50_000) } } },
  'experiment-with-rest': { variations: ['a', 'b'], trackEventsFallthrough: true, fallthrough: { rollout: { kind: 'experiment', contextKind: 'user', seed: 8, variations: [{ variation: 0, weight: 10_000 }, { variation: 1, weight: 10_000 }, { variation: 0, weight: 80_000, untracked: true }] } } },
  'experiment-in-rule': { variations: ['a', 'b'], rules: [rule('some', [CLAUSES.in], { trackEvents: true, rollout: { kind: 'experiment', contextKind: 'user', seed: 9, variations: weights(50_000, 50_000) } })] },
  needs: { ...YES_NO, fallthrough: { variation: 0 }, prerequisites: [{ key: 'on', variation: 0 }] },
  'needs-needs': { ...YES_NO, fallthrough: { variation: 0 }, prerequisites: [{ key: 'needs', variation: 0 }, { key: 'op-in', variation: 0 }] },
  'needs-off': { ...YES_NO, prerequisites: [{ key: 'off', variation: 1 }] },
  'needs-nobody': { ...YES_NO, prerequisites: [{ key: 'gone', variation: 0 }] },
  'no-such-variation': { ...YES_NO, fallthrough: { variation: 9 } },
  'no-fallthrough': { ...YES_NO, fallthrough: {} },
  'json-values': { variations: [{ perDay: 20, burst: [1, 2.5, null], note: 'ünï "quoted" \\ \u2028' }, [], {}], fallthrough: { variation: 0 } },
  'number-values': { variations: [0, -1.5, 1e21], rules: [rule('first', [CLAUSES.in])], fallthrough: { variation: 1 } },
  'empty-string': { variations: ['', ' '], fallthrough: { variation: 0 } },
  'null-value': { variations: [null, 1], fallthrough: { variation: 0 } },
  'unicode-ключ-🎌': { ...YES_NO, fallthrough: { variation: 0 } },
  deleted: { ...YES_NO, deleted: true },
  'a/b%c d': { ...YES_NO, fallthrough: { variation: 0 } },
};

// Written by hand: digits, order, spaces and members that no SDK knows.
const TEXTS = {
  digits: `{ "key":"digits","version":4,"on":true,"variations":[1.0,1e2,12345678901234567890,0.1000000000000000055511151231257827],"fallthrough":{"variation":2},"offVariation":0,"salt":"s","clientSide":true,"rules":[],"targets":[],"prerequisites":[]}`,
  'members-of-tomorrow': `{"key":"members-of-tomorrow","future":{"a":[1,{"b":null}],"trackEvents":false},"version":4,"on":true,"variations":["x","y"],"fallthrough":{"variation":0,"future":1},"rules":[{"id":"r","variation":1,"future":"\\u00e9","clauses":[{"attribute":"country","op":"in","values":["NL"],"negate":false}]}],"offVariation":1,"salt":"","targets":[],"prerequisites":[],"clientSide":true}`,
  'escaped-names': `{"key":"escaped-names","version":4,"\\u006fn":true,"variations":["x","y"],"fallthrough":{"variation":0},"trackEv\\u0065nts":false,"offVariation":1,"salt":"","rules":[],"targets":[],"prerequisites":[],"clientSide":true}`,
};

export function corpusFlags() {
  const flags = Object.fromEntries([...ruleFlags(), ...Object.entries(OTHERS)].map(([key, fields]) => [key, text(key, fields)]));
  return { ...flags, ...TEXTS };
}

const LARGE_SEGMENT_KEYS = 20_000;
const segment = (key, fields) => [key, JSON.stringify({ key, version: VERSION, included: [], excluded: [], includedContexts: [], excludedContexts: [], rules: [], salt: 'segments', deleted: false, ...fields })];

export const corpusSegments = () => Object.fromEntries([
  segment('insiders', { included: ['anna', 'ünï-çødé-用户'], excluded: ['bob'], rules: [{ id: 'dutch', clauses: [CLAUSES.in] }] }),
  segment('nested', { rules: [{ id: 'inner', clauses: [CLAUSES.segment, CLAUSES['ends-with']] }] }),
  segment('half', { rules: [{ id: 'half', clauses: [CLAUSES['not-in']], weight: 50_000, rolloutContextKind: 'user' }] }),
  segment('organizations', { includedContexts: [{ contextKind: 'organization', values: ['acme'] }], excludedContexts: [{ contextKind: 'user', values: ['bob'] }] }),
  segment('large', { included: Array.from({ length: LARGE_SEGMENT_KEYS }, (_, i) => `member-${i}`) }),
  segment('unbounded', { unbounded: true, unboundedContextKind: 'user', generation: 2 }),
]);

// SDKs that know only users are asked for those of the kind user.
export const corpusContexts = [
  { kind: 'user', key: 'anna', country: 'NL', email: 'anna@shop.example', age: 42, beta: true, joined: '2025-06-01T12:00:00+02:00', version: '2.0.0', groups: ['admins', 'staff'] },
  { kind: 'user', key: 'bob', country: 'FR', name: 'Bob é', email: 'bob@work.example', age: 41, joined: 1780000000000, version: '2' },
  { kind: 'user', key: 'ünï-çødé-用户', name: 'Straße 🎌', country: 'BE', age: 17.5, version: '1.9.9' },
  { kind: 'user', key: 'member-19999', anonymous: true },
  { kind: 'user', key: 'a/b?c=d&e+f%20', email: null, 'odd/name': 'slash', '': 'nameless' },
  { kind: 'user', key: 'nested', address: { city: 'Utrecht', lines: ['Oudegracht 1'] }, age: '42', beta: 'true' },
  { kind: 'user', key: 'private', email: 'p@x.example', _meta: { privateAttributes: ['email'] } },
  { kind: 'organization', key: 'acme', employees: 12 },
  { kind: 'device', key: 'd-9', name: 'Phone' },
  { kind: 'multi', user: { key: 'carol', country: 'NL' }, organization: { key: 'acme', employees: 4 } },
  { kind: 'multi', user: { key: 'anna', anonymous: true }, device: { key: 'ünï', version: '3.0' } },
  ...Array.from({ length: 4 }, (_, i) => ({ kind: 'user', key: `walker-${i}`, country: ['NL', 'DE', 'FR', 'BE'][i % 4], age: 38 + i })),
];

// The n-th of two states of what changes while SDKs are open: a segment's members, a flag that comes and goes, another that gets other variations.
export function changeCorpus(upstream, n) {
  const version = VERSION + n;
  upstream.patch('segments', ...segment('insiders', { version, included: n % 2 ? ['bob'] : ['anna'] }));
  if (n % 2) upstream.remove('flags', 'on', version);
  else upstream.patch('flags', 'on', text('on', { ...YES_NO, version, fallthrough: { variation: 0 } }));
  upstream.patch('flags', 'rollout', text('rollout', { version, variations: ['d', 'e', 'f'], fallthrough: { variation: n % 3 } }));
}

const flagTypes = Object.fromEntries(Object.entries(corpusFlags()).map(([key, flag]) => [key, typeof JSON.parse(flag).variations[0]]));
// For APIs with a call for each type. A flag that is not there has any.
export const typeOfCorpusFlags = (key) => flagTypes[key] ?? 'string';
export const corpusKeys = [...Object.keys(flagTypes), 'not-there'];
