// Makes the pictures of the console for the documentation: node tests/console/screenshots.js [FOLDER]
// Every page light, dark, and narrow as on a telephone.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { repository } from '../integration/lib/paths.js';
import { Console, launchBrowser } from './lib/browser.js';
import { everyPage, startFull } from './lib/full_setting.js';

const folder = process.argv[2] ?? path.join(repository, 'docs/images');
const LOOKS = [
  { name: 'light', scheme: 'light', width: 1360, height: 900 },
  { name: 'dark', scheme: 'dark', width: 1360, height: 900 },
  { name: 'narrow', scheme: 'light', width: 390, height: 844 },
];

// What cleans up after itself, as a test's context does.
class Ending {
  #acts = [];
  after(act) {
    this.#acts.unshift(act);
  }
  async end() {
    for (const act of this.#acts) await act();
  }
}

const ending = new Ending();
try {
  await mkdir(folder, { recursive: true });
  const setting = await startFull(ending);
  const browser = await launchBrowser(ending);
  for (const look of LOOKS) {
    const ui = await Console.open(ending, setting.sluice, { browser, ...look });
    await ui.go();
    await ui.page.getByRole('button', { name: 'Sign in' }).waitFor();
    await ui.page.screenshot({ path: path.join(folder, `console-sign-in-${look.name}.png`) });
    await ui.signIn();
    for (const [name, { page: address, ready }] of Object.entries(everyPage(setting))) {
      await setting.send(1);
      await ui.go(address);
      await ready(ui.page);
      await ui.page.screenshot({ path: path.join(folder, `console-${name}-${look.name}.png`), animations: 'disabled' });
    }
    if (ui.faults.length || ui.foreign.length) console.error(look.name, ui.faults, ui.foreign);
  }
  console.log(`Pictures are in ${folder}.`);
} finally {
  await ending.end();
}
