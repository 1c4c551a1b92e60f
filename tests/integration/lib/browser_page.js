// A page in a headless browser, served from an origin of its own, so that every request to Sluice is cross-origin.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

export const CHROMIUM = '/usr/bin/chromium';  // Debian's; tools/setup installs it

const PAGE = `<!doctype html><title>Shop</title><button id="buy">Buy</button>
<script type="module">import * as sdk from '/sdk.js'; window.sdk = sdk;</script>`;

// --no-sandbox: the browser cannot sandbox itself when root runs the tests.
export const launchBrowser = () => chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });

// Serves a page that has the ES module `sdkFile` as window.sdk, and opens it, in a browser of its own unless given.
export async function openPage(t, sdkFile, { browser } = {}) {
  const script = await readFile(sdkFile);
  const server = createServer((request, response) => {
    const [type, body] = request.url === '/sdk.js' ? ['text/javascript', script] : ['text/html', PAGE];
    response.writeHead(200, { 'Content-Type': type }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const own = browser ?? await launchBrowser();
  const context = await own.newContext();
  t.after(() => (browser ? context.close() : own.close()));
  const page = await context.newPage();
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  t.after(() => {
    if (t.passed === false) console.log(`--- the page said:\n${said.join('\n')}`);
  });
  // `localhost`: a trustworthy origin to browsers, and another one than the server's.
  await page.goto(`http://localhost:${server.address().port}/`);
  await page.waitForFunction(() => window.sdk);
  return page;
}
