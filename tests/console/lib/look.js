// A page as people see it: light, dark, and narrow as on a telephone. Each look is held to the rules of accessibility, and to its width.
// SLUICE_PICTURES names a folder for pictures; without it there is one look, the narrow one.
import assert from 'node:assert/strict';
import path from 'node:path';

const LOOKS = [['light', 1280, 900], ['dark', 1280, 900], ['light', 390, 844]];

export async function lookAt(ui, name) {
  for (const [colorScheme, width, height] of process.env.SLUICE_PICTURES ? LOOKS : LOOKS.slice(-1)) {
    await ui.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await ui.page.setViewportSize({ width, height });
    await ui.page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
    // On a quiet machine a look came before the colours of the other scheme were drawn.
    await ui.page.evaluate(() => new Promise((drawn) => { requestAnimationFrame(() => requestAnimationFrame(drawn)); }));
    await ui.assertAccessible(`${name}, ${colorScheme}, ${width} px`);
    const wide = await ui.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${name}: ${wide} px too wide at ${width}`);
    const file = `${name}-${width < 500 ? 'narrow' : colorScheme}.png`;
    await ui.page.evaluate(() => scrollTo(0, 0));
    if (process.env.SLUICE_PICTURES) await ui.page.screenshot({ path: path.join(process.env.SLUICE_PICTURES, file), animations: 'disabled', fullPage: true });
  }
  await ui.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await ui.page.setViewportSize({ width: 1280, height: 900 });
}
