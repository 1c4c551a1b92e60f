// Events for the recipes of examples/consume, each told apart by its number: evaluations of a few flags over some days, an experiment, errors,
// old SDKs, and other kinds.
const DAY_MS = 86_400_000;
const FIRST_MS = Date.UTC(2026, 5, 1);
export const DAYS = 40;  // the last ones have fewer flags: some are stale

export const EXPERIMENT = 'new-checkout';
const FLAGS = [EXPERIMENT, 'banner', 'search-v2', 'old-flag', 'one-way'];
const variationOf = (flag, number) => (flag === 'one-way' ? 1 : number % 3);

export function eventOfNumber(number) {
  const day = number % DAYS, creationDate = FIRST_MS + day * DAY_MS + number;
  const contextKeys = { user: `user-${number % 61}`, ...(number % 4 === 0 && { org: `org-${number % 7}` }) };
  switch (number % 9) {
    case 0: return { kind: 'custom', key: 'order', creationDate, contextKeys, metricValue: 1.5, data: { text: `Größe ${'€'.repeat(number % 30)}`, big: number } };
    case 1: return { kind: 'identify', creationDate, context: { kind: 'multi', user: { key: `user-${number % 61}`, name: 'Zoë' }, org: { key: `org-${number % 7}` } } };
    case 2: return { kind: 'feature', key: 'banner', creationDate, version: 3, value: 'grey', default: 'grey', reason: { kind: 'ERROR', errorKind: 'WRONG_TYPE' }, userKey: `user-${number % 61}` };
    default: {
      let flag = FLAGS[number % FLAGS.length];
      if (flag === 'old-flag' && day > 4) flag = 'banner';
      const variation = variationOf(flag, number % 61);
      return {
        kind: 'feature', key: flag, creationDate, version: 7, variation, value: variation === 1, default: false, contextKeys,
        ...(flag === EXPERIMENT && { reason: { kind: 'FALLTHROUGH', inExperiment: true } }),
        ...(number % 8 === 0 && { samplingRatio: 10 }),
      };
    }
  }
}

export const numberOf = ({ creationDate }) => (creationDate - FIRST_MS) % DAY_MS;

const dayOf = ({ creationDate }) => new Date(creationDate).toISOString().slice(0, 10);
const weightOf = ({ samplingRatio = 1 }) => samplingRatio;
const contextsOf = ({ contextKeys, context, userKey }) => contextKeys ?? (context ? { user: context.user.key, org: context.org.key } : { user: userKey });

// What examples/consume/duckdb has to answer about `events`, reckoned without it. Numbers are text, as DuckDB's are.
export function answersAbout(events, { days }) {
  const features = events.filter(({ kind }) => kind === 'feature');
  return {
    evaluations_per_day: sums(features, (each) => [each.key, each.variation ?? null, dayOf(each)], weightOf)
      .map(([[flag, variation, day], sum]) => ({ flag, variation, day, evaluations: `${sum}` })),
    experiment_exposures: exposures(features.filter(({ key, reason }) => key === EXPERIMENT && reason?.inExperiment)),
    unique_contexts: sums(events.flatMap((each) => Object.entries(contextsOf(each)).map(([kind, key]) => [dayOf(each), kind, key])).filter(firstOf()), ([day, kind]) => [day, kind], () => 1)
      .map(([[day, context_kind], sum]) => ({ day, context_kind, contexts: `${sum}` })),
    error_reasons: sums(features.filter(({ reason }) => reason?.kind === 'ERROR'), ({ key, reason }) => [key, reason.errorKind], weightOf)
      .map(([[flag, error], sum]) => ({ flag, error, evaluations: `${sum}` })),
    stale_flags: stale(features, days),
  };
}

// [[group, sum]], in the order of their groups; null comes last, as in DuckDB.
function sums(items, groupOf, weight) {
  const groups = new Map();
  for (const item of items) {
    const name = JSON.stringify(groupOf(item));
    groups.set(name, (groups.get(name) ?? 0) + weight(item));
  }
  const order = (a, b) => (a === b ? 0 : a === null || (b !== null && a > b) ? 1 : -1);
  return [...groups].map(([name, sum]) => [JSON.parse(name), sum])
    .sort(([a], [b]) => a.reduce((found, part, i) => found || order(part, b[i]), 0));
}

function firstOf() {
  const seen = new Set();
  return (item) => !seen.has(JSON.stringify(item)) && seen.add(JSON.stringify(item));
}

function exposures(events) {
  const units = new Map();
  for (const { contextKeys: { user }, variation, creationDate } of [...events].sort((a, b) => a.creationDate - b.creationDate)) {
    const unit = units.get(user) ?? { first: variation, at: creationDate, seen: new Set() };
    unit.seen.add(variation);
    units.set(user, unit);
  }
  return [0, 1, 2].map((variation) => [variation, [...units.values()].filter(({ first }) => first === variation)])
    .filter(([, of]) => of.length > 0)
    .map(([variation, of]) => ({
      variation, contexts: `${of.length}`, saw_others_too: `${of.filter(({ seen }) => seen.size > 1).length}`,
      first_exposure: new Date(Math.min(...of.map(({ at }) => at))).toISOString().replace('T', ' ').replace(/\.?0*Z$/, ''),
    }));
}

function stale(features, days) {
  const since = Math.max(...features.map(({ creationDate }) => creationDate)) - days * DAY_MS;
  return [...new Set(features.map(({ key }) => key))].sort().map((flag) => {
    const recent = features.filter(({ key, creationDate }) => key === flag && creationDate >= since);
    return { flag, variations: new Set(recent.map(({ variation }) => variation)).size };
  }).filter(({ variations }) => variations <= 1).map(({ flag, variations }) => ({ flag, why: variations === 0 ? 'not evaluated' : 'one variation' }));
}
