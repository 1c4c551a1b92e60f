// What was counted, beside what is expected. Both are cases by name: { instructions, libraries, functions }, all of them
// instructions an event; `libraries` are not compared.

// One in 30 is more than any change should cost by accident, and far more than two runs differ.
export const MOST_GROWTH = 0.03;
const FUNCTIONS_TOLD = 8;

const signed = (number) => `${number < 0 ? '−' : '+'}${Math.abs(number)}`;
const percent = (share) => `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)} %`;

// The functions that grew most, a line each.
function grown(expected, counted) {
  const all = new Set([...Object.keys(expected), ...Object.keys(counted)]);
  const changes = [...all].map((name) => ({ name, by: (counted[name] ?? 0) - (expected[name] ?? 0), before: expected[name] ?? 0 }));
  return changes.filter(({ by }) => by > 0).toSorted((a, b) => b.by - a.by).slice(0, FUNCTIONS_TOLD)
    .map(({ name, by, before }) => `  ${signed(by).padStart(7)}  (${before} before)  ${name}`);
}

// { ok, text } of one case. `differs`: what else is not as it was when the figures were accepted; '' if nothing.
export function compareCase(name, expected, counted, differs = '') {
  if (!expected) return { ok: false, text: `${name}: there is no figure for this case. SLUICE_ACCEPT_INSTRUCTIONS=1 ./test instructions writes it.` };
  const growth = counted.instructions / expected.instructions - 1;
  const text = `${name}: ${counted.instructions} instructions an event, ${expected.instructions} expected (${percent(growth)})`;
  if (growth < -MOST_GROWTH) return { ok: true, text: `${text}. Accept the gain, so that it is kept: SLUICE_ACCEPT_INSTRUCTIONS=1 ./test instructions` };
  if (counted.instructions <= Math.round(expected.instructions * (1 + MOST_GROWTH))) return { ok: true, text };
  return {
    ok: false,
    text: [
      `${text}; at most ${percent(MOST_GROWTH)} is allowed.`, 'By function, instructions an event:', ...grown(expected.functions, counted.functions),
      ...(differs ? [`The figures were accepted elsewhere: ${differs}.`] : []),
      'If the change is worth it: SLUICE_ACCEPT_INSTRUCTIONS=1 ./test instructions, and say why in the commit.',
    ].join('\n'),
  };
}
