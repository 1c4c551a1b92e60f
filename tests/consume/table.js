// Prints what the recipes' tests wrote down, as the table of docs/consume.md. Fails if a recipe has lost an event, or kept a duplicate.
import { readFileSync } from 'node:fs';

const rows = readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const format = (number) => number.toLocaleString('en-US');

console.log('| recipe | encoding | events sent | in the stream, with duplicates | processed | after dedupe | |');
console.log('|---|---|--:|--:|--:|--:|---|');
for (const { recipe, encoding, sent, arrived, processed, after } of rows)
  console.log(`| ${recipe} | \`${encoding}\` | ${format(sent)} | ${format(arrived)} | ${format(processed)} | ${format(after)} | ${after === sent ? 'equal' : 'NOT EQUAL'} |`);
process.exit(rows.every(({ sent, after }) => sent === after) ? 0 : 1);
