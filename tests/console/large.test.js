// A server with 2,000 destinations and 50,000 flags: the lists in the browser stay smooth. The promise is 100 ms from
// what a person does to what they see; each figure is printed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SDK_KEY, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { Console } from './lib/browser.js';
import { must } from './lib/setting.js';

const DESTINATIONS = 2_000, FLAGS = 50_000, SMOOTH_MS = 100;
// A machine that does other work slows a round down, and never makes one faster: the fastest counts.
const ROUNDS = 4;

async function startLarge(t) {
  const sluice = await Sluice.start(t, { managed: true });
  await must(sluice.api('POST', 'import', { project: [{ key: 'web', name: 'Web shop' }], environment: [{ project: 'web', key: 'production', name: 'Production', sdk_keys: [SDK_KEY], feature_events: 'chosen flags' }] }));
  const destinations = Array.from({ length: DESTINATIONS }, (_, index) => ({
    project: 'web', environment: 'production', name: `destination ${index}`, kind: 'kinesis', region: 'us-east-1', stream_name: `stream-${index}`, on: false,
  }));
  for (let first = 0; first < DESTINATIONS; first += 500) await must(sluice.api('POST', 'import', { destination: destinations.slice(first, first + 500) }));
  await waitFor('the SDK key to be known', async () => (await sluice.post([])) === 202);
  for (let first = 0; first < FLAGS; first += 1_000) {
    const events = Array.from({ length: 1_000 }, (_, index) => ({ kind: 'feature', key: `flag-${first + index}`, creationDate: 1, variation: index % 2, value: index % 2 === 1, context: { kind: 'user', key: 'u' } }));
    assert.equal(await sluice.post(events), 202);
  }
  await waitFor('every flag to be there', async () => (await sluice.api('GET', 'flags/web?env=production&limit=1')).body.totalCount === FLAGS);
  return sluice;
}

// From a key typed into the search field until a row says it; each frame in between is one that a person could see.
const searchTook = (page, text, found) => page.evaluate(async ([typed, wanted]) => {
  const field = document.querySelector('input[type=search]');
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  const start = performance.now();
  set.call(field, typed);
  field.dispatchEvent(new Event('input', { bubbles: true }));
  const rows = () => [...document.querySelectorAll('[role=row]:not(.head)')];
  while (rows().length !== 1 || !rows()[0].textContent.includes(wanted)) {
    if (performance.now() - start > 10_000) throw new Error(`no row says ${wanted}: ${rows().slice(0, 3).map((row) => row.textContent)}`);
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - start;
}, [text, found]);

// Leaps through the whole of a list and small steps: for each, until the rows that belong there are there and say something. Medians, and the slowest.
const scrollsTook = (page) => page.evaluate(async () => {
  const box = document.querySelector('.rows');
  const took = [];
  const frames = [];
  const settled = () => {
    const view = box.getBoundingClientRect();
    const head = box.querySelector('.head').getBoundingClientRect();
    const rows = [...box.querySelectorAll('.row')].map((row) => ({ text: row.textContent, ...row.getBoundingClientRect().toJSON() }));
    for (let y = head.bottom + 5; y < Math.min(view.bottom, innerHeight); y += 20) {
      const row = rows.find(({ top, bottom }) => top <= y && y < bottom);
      if (!row || row.text === '…') return false;
    }
    return true;
  };
  const end = box.scrollHeight - box.clientHeight;
  const leaps = [0.5, 0.1, 0.9, 1, 0.33, 0];
  const steps = Array.from({ length: 40 }, (_, index) => (index * 120) / end);
  for (const at of [...leaps, ...steps]) {
    const start = performance.now();
    let before = start;
    box.scrollTop = at * end;
    do {
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      frames.push(now - before);
      before = now;
      if (now - start > 10_000) throw new Error(`at ${at} of the list rows are missing, or say nothing`);
    } while (!settled());
    took.push(before - start);
  }
  const [leapt, stepped] = [took.slice(0, leaps.length), took.slice(leaps.length)].map((numbers) => numbers.sort((a, b) => a - b));
  return { leap: leapt[leapt.length >> 1], 'slowest leap': leapt.at(-1), step: stepped[stepped.length >> 1], 'slowest step': stepped.at(-1), 'slowest frame': Math.max(...frames) };
});

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function timesOf(page, texts) {
  const searches = [];
  for (const [text, found] of texts) searches.push(await searchTook(page, text, found));
  return { median: median(searches), most: Math.max(...searches) };
}

async function clearSearch(page) {
  await page.locator('input[type=search]').fill('');
  await page.waitForFunction(() => document.querySelectorAll('[role=row]:not(.head)').length > 1);
}

async function smooth(t, what, page, texts) {
  const rounds = [];
  const slowest = (round) => Math.max(round.leap, round.step, round.search);
  do {
    const scrolls = await scrollsTook(page);
    const searches = await timesOf(page, texts);
    rounds.push({ leap: scrolls.leap, step: scrolls.step, search: searches.median });
    for (const [did, numbers] of [['scrolled', scrolls], ['searched', searches]])
      t.diagnostic(`${what}, ${did}: ${Object.entries(numbers).map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`).join(', ')}`);
    await clearSearch(page);
  } while (slowest(rounds.at(-1)) >= SMOOTH_MS && rounds.length < ROUNDS);
  const fastest = Math.min(...rounds.map(slowest));
  assert.ok(fastest < SMOOTH_MS, `${fastest} ms`);
}

test('with 2,000 destinations and 50,000 flags the lists stay smooth', async (t) => {
  const sluice = await startLarge(t);
  const ui = await Console.open(t, sluice);
  const { page } = ui;
  await ui.signIn();

  await t.test('destinations', async () => {
    await page.getByText('2,000', { exact: true }).waitFor();
    await page.locator('.row-link').first().waitFor();
    assert.ok((await page.getByRole('row').count()) < 60, 'few rows are in the document');
    await smooth(t, 'destinations', page, ['1999', '777', '1234', '1500', '1999'].map((n) => [`stream-${n}`, `destination ${n}`]));
  });

  await t.test('flags', async () => {
    await ui.go('/flags/web/production');
    await page.getByText('50,000 flags').waitFor();
    await page.getByText('flag-0', { exact: true }).waitFor();
    assert.ok((await page.getByRole('row').count()) < 60, 'few rows are in the document');
    await smooth(t, 'flags', page, ['flag-49999', 'flag-31415', 'flag-27182', 'flag-12345', 'flag-49999'].map((key) => [key, key]));
  });
  ui.assertClean();
});
