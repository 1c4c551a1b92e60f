// What a month costs is told by docs/cost.md, the command line, the API and a destination's status: the same figures.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { operations } from './lib/openapi.js';
import { repository, sluiceBinary } from './lib/paths.js';
import { runToEnd } from './lib/process.js';
import { Sluice } from './lib/sluice.js';

const page = path.join(repository, 'docs/cost.md');
const MONTHS = { '10 M': 10e6, '1 G': 1e9, '100 G': 100e9 };
const STEADY = { eventsPerSecond: 10_000, peakEventsPerSecond: 10_000, bytesPerEvent: 400 };

const grouped = (number) => Math.round(number).toLocaleString('en-US');
// As `sluice cost` shows amounts.
const dollars = (usd) => (usd < 100 ? `$${usd.toFixed(2)}` : `$${grouped(usd)}`);
const modeWord = { PROVISIONED: 'provisioned', ON_DEMAND: 'on-demand' };

const run = (...args) => runToEnd(sluiceBinary, ['cost', ...args], { env: { PATH: process.env.PATH } });
async function computed(query) {
  const flags = Object.entries(query).flatMap(([name, value]) => [`--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, String(value)]);
  const { status, output } = await run(...flags, '--json');
  assert.equal(status, 0, output);
  return JSON.parse(output);
}

function table(rows) {
  const [head, ...body] = rows;
  return [head, head.map((_, column) => (column < 2 ? '---' : '--:')), ...body].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

async function monthTable() {
  const answers = await Promise.all(Object.values(MONTHS).map((eventsPerMonth) => computed({ eventsPerMonth, bytesPerEvent: 400 })));
  const rows = answers[0].items.map(({ encoding, mode }, index) => [`\`${encoding}\``, modeWord[mode], ...answers.flatMap(({ items }) => {
    const { shards, perMonthUsd } = items[index];
    return [shards === null ? '' : grouped(shards), dollars(perMonthUsd)];
  })]);
  return table([['encoding', 'mode', ...Object.keys(MONTHS).flatMap((name) => ['shards', `${name} events`])], ...rows]);
}

async function steadyTable() {
  const { items } = await computed(STEADY);
  const rows = items.map(({ encoding, mode, shards, eventsPerRecord, capacityPerMonthUsd, volumePerMonthUsd, perMonthUsd }) =>
    [`\`${encoding}\``, modeWord[mode], grouped(eventsPerRecord), shards === null ? '' : grouped(shards), dollars(capacityPerMonthUsd), dollars(volumePerMonthUsd), dollars(perMonthUsd)]);
  return table([['encoding', 'mode', 'events per record', 'shards', 'capacity', 'volume', 'a month'], ...rows]);
}

// SLUICE_UPDATE_GOLDEN=1 writes the tables anew.
test("the tables of docs/cost.md are the program's", async () => {
  let text = await readFile(page, 'utf8');
  const between = (name) => new RegExp(`(<!-- table: ${name} -->\n)([^]*?)(<!-- end -->)`);
  const tables = { month: await monthTable(), steady: await steadyTable() };
  if (process.env.SLUICE_UPDATE_GOLDEN) {
    for (const [name, rows] of Object.entries(tables)) text = text.replace(between(name), (_, open, __, close) => open + rows + close);
    await writeFile(page, text);
  }
  for (const [name, rows] of Object.entries(tables)) assert.equal(between(name).exec(text)?.[2], rows, name);
});

// What is assumed stands in src/destinations/kinesis/cost.h; these tell it to people.
test('what is assumed is told by the page, the API\'s document and the help as it is', async () => {
  const { compressionRatio, bytesPerEvent, fill, peakEventsPerSecond, meanEventsPerSecond, asOf } = await computed({ eventsPerMonth: 1e9 });
  const peak = Math.round(peakEventsPerSecond / meanEventsPerSecond);
  const text = (await readFile(page, 'utf8')).replaceAll('\n', ' ');
  for (const told of [`peak of ${peak} times the mean and compression of ${compressionRatio} times`, `(${peak} times the mean: `, `an event (${bytesPerEvent})`, `compression (${compressionRatio} times)`, `as of ${asOf}`])
    assert.ok(text.includes(told), told);
  const parameters = new Map(operations.find(({ operation }) => operation.operationId === 'getKinesisCost').parameters.map(({ name, schema, description }) => [name, schema.default ?? description]));
  assert.deepEqual([parameters.get('compressionRatio'), parameters.get('bytesPerEvent'), parameters.get('fill')], [compressionRatio, bytesPerEvent, fill]);
  assert.ok(parameters.get('peakEventsPerSecond').includes(`${peak} times the mean`));
  const { output } = await run('--help');
  for (const told of [`default: ${peak} x the mean`, `record; default: ${bytesPerEvent}`, `compressed; default: ${compressionRatio}`]) assert.ok(output.includes(told), told);
  for (const line of output.split('\n')) assert.ok(line.length <= 80, line);
});

test('the command line, without a server, and the API answer the same', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  for (const query of [STEADY, { eventsPerMonth: 1e9, encoding: 'ndjson+zstd', compressionRatio: 7.5, fill: 0.5 }]) {
    const { status, body } = await sluice.api('GET', `kinesis-cost?${new URLSearchParams(query)}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(await computed(query), body);
  }
  const { body: { items } } = await sluice.api('GET', 'kinesis-cost?eventsPerMonth=1000&mode=ON_DEMAND&encoding=kpl');
  assert.deepEqual(items.map(({ encoding, mode, shards, perMonthUsd }) => [encoding, mode, shards, perMonthUsd]), [['kpl', 'ON_DEMAND', null, 29.2]]);
  for (const [query, message] of [['', /eventsPerMonth or eventsPerSecond: Both are missing/], ['eventsPerMonth=1G', /eventsPerMonth: "1G" is not valid/], ['eventsPerMonth=1&encoding=avro', /encoding: "avro" is not valid; expected json, /]]) {
    const { status, body } = await sluice.api('GET', `kinesis-cost?${query}`);
    assert.equal(status, 400);
    assert.match(body.message, message);
  }
});

test('the command line understands short numbers, fits 80 columns, and says what is wrong', async () => {
  const { status, output } = await run('--events-per-month', '100G', '--bytes-per-event', '400');
  assert.equal(status, 0, output);
  assert.match(output, /^100,000,000,000 events a month of 400 B: /);
  for (const line of output.split('\n')) assert.ok(line.length <= 80, line);
  for (const [args, message] of [[[], /--events-per-month or --events-per-second: Both are missing/], [['--events-per-month', 'many'], /--events-per-month: "many" is not valid; expected a number, such as 250000, 10M or 1.5G/], [['--events-per-month', '1', '--mode', 'free'], /--mode: "free" is not valid; expected provisioned or on-demand/]]) {
    const refused = await run(...args);
    assert.equal(refused.status, 2);
    assert.match(refused.output, message);
  }
});
