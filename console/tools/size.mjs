// What the first page loads, compressed; fails over the budget.
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';

const BUDGET = 300 * 1024;
const dist = new URL('../dist/', import.meta.url);
const html = readFileSync(new URL('index.html', dist), 'utf8');
const names = [...html.matchAll(/(?:src|href)="\/console\/([^"]+\.(?:js|css))"/g)].map((match) => match[1]);
let gzip = 0;
let brotli = 0;
for (const name of names) {
  const file = readFileSync(new URL(name, dist));
  gzip += gzipSync(file, { level: 9 }).length;
  brotli += brotliCompressSync(file).length;
}
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
console.log(`The first page loads ${names.length} files: ${kib(gzip)} with gzip, ${kib(brotli)} with brotli; the budget is ${kib(BUDGET)}.`);
if (names.length < 2 || gzip > BUDGET) process.exit(1);
