// Puts the page, and the viewer with its licences, into dist/, as the server serves it.
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, 'dist');
const packages = path.join(here, 'node_modules');
const PAGE = ['index.html', 'page.css', 'set-up.js'];
const VIEWER = 'openapi-explorer/dist/browser/openapi-explorer.min.js';

// The licence of every package that the viewer's bundle was made from.
async function licenses() {
  const lock = JSON.parse(await readFile(path.join(packages, '.package-lock.json'), 'utf8'));
  const texts = [];
  for (const [folder, { version, license }] of Object.entries(lock.packages).sort()) {
    const names = await readdir(path.join(here, folder));
    const files = names.filter((name) => /^(licen[cs]e|copying|notice)/i.test(name)).sort();
    const said = await Promise.all(files.map((name) => readFile(path.join(here, folder, name), 'utf8')));
    texts.push([`${folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)} ${version}: ${license}`, ...said].join('\n\n'));
  }
  return `${texts.map((text) => text.trim()).join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist);
for (const name of PAGE) await cp(path.join(here, name), path.join(dist, name));
const viewer = await readFile(path.join(packages, VIEWER), 'utf8');
await writeFile(path.join(dist, 'openapi-explorer.js'), viewer.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
await writeFile(path.join(dist, 'licenses.txt'), await licenses());
