// Prints what the recipes' tests wrote down, a row each. With SLUICE_CONSUME_TABLE=docs/consume.md it is written there. Fails if after dedupe a recipe had
// other events than were sent.
import { readFileSync } from 'node:fs';
import { tableText, writePart } from '../integration/lib/page_part.js';

const rows = readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const format = (number) => number.toLocaleString('en-US');
const table = tableText(['recipe', 'encoding', 'events sent', 'arrived, duplicates too', 'processed', 'after dedupe', ''],
  rows.map(({ recipe, encoding, sent, arrived, processed, after }) => [recipe, encoding, format(sent), format(arrived), format(processed), format(after), after === sent ? 'equal' : 'NOT EQUAL'])
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
console.log(table);
if (process.env.SLUICE_CONSUME_TABLE) writePart(process.env.SLUICE_CONSUME_TABLE, 'consume', table);
process.exit(rows.every(({ sent, after }) => sent === after) ? 0 : 1);
