// A browser on the console of a running server; it fails what no page of the console may do.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ADMIN_TOKEN } from '../../integration/lib/sluice.js';

const fromIntegration = createRequire(new URL('../../integration/package.json', import.meta.url));
const fromConsole = createRequire(new URL('../../../console/package.json', import.meta.url));
const { chromium } = fromIntegration('playwright-core');
const axeSource = readFileSync(fromConsole.resolve('axe-core/axe.min.js'), 'utf8');

const CHROMIUM = '/usr/bin/chromium'; // Debian's; tools/setup installs it

export async function launchBrowser(t) {
  // --no-sandbox: the browser cannot sandbox itself when root runs the tests.
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  t.after(() => browser.close());
  return browser;
}

// What the server may be asked for while a test makes it refuse or go away.
const EXPECTED = [/Failed to load resource/];

export class Console {
  static async open(t, sluice, { browser, width = 1280, height = 900, scheme = 'light', language = 'en-US' } = {}) {
    const console_ = new Console();
    console_.origin = sluice.adminUri;
    const own = browser ?? (await launchBrowser(t));
    const context = await own.newContext({ viewport: { width, height }, colorScheme: scheme, locale: language, timezoneId: 'Europe/Berlin', reducedMotion: 'reduce', acceptDownloads: true });
    t.after(() => context.close());
    console_.context = context;
    console_.page = await context.newPage();
    console_.page.setDefaultTimeout(15_000);
    console_.faults = [];
    console_.foreign = [];
    console_.page.on('console', (message) => {
      if (message.type() === 'error' && !EXPECTED.some((each) => each.test(message.text()))) console_.faults.push(message.text());
    });
    console_.page.on('pageerror', (error) => console_.faults.push(String(error)));
    console_.page.on('request', (request) => {
      if (!request.url().startsWith(`${sluice.adminUri}/`) && !request.url().startsWith('data:')) console_.foreign.push(request.url());
    });
    t.after(async () => {
      if (t.passed === false) console.log(`--- the page said:\n${console_.faults.join('\n')}`);
    });
    return console_;
  }

  async go(path = '/') {
    await this.page.goto(`${this.origin}/console${path}`);
  }

  async signIn(token = ADMIN_TOKEN) {
    await this.go();
    await this.page.getByLabel('Access token').fill(token);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.page.getByRole('heading', { name: 'Integrations' }).waitFor();
  }

  // No script error, no breach of the content security policy, no request to elsewhere.
  assertClean() {
    assert.deepEqual(this.faults, []);
    assert.deepEqual(this.foreign, []);
  }

  // Throws with each violation of the accessibility rules, and where it is.
  async assertAccessible(what) {
    // The page's policy allows no inline script: axe is put there by the debugger, not by the page.
    await this.page.evaluate(axeSource);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const told = violations.map(({ id, help, nodes }) => `${id} (${help}): ${nodes.slice(0, 4).map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? node.none[0]?.message ?? node.all[0]?.message ?? ''}`).join(' | ')}`);
    assert.deepEqual(told, [], what);
  }
}
