// One test of the console: a fresh fake gateway, a fresh browser context, and at the end nothing may have gone wrong in the
// page that the test did not look at itself.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { openPage, startBrowser } from './browser.mjs';
import { startFake } from './fake-api.mjs';

const DEADLINE_MS = 10_000;
const POLL_MS = 25;
let browser;

after(async () => (await browser)?.close());

/** For test(): body gets {fake, page, visit}. `path`: opened before, its heading waited for. */
export function withConsole({ user = 'ann', empty = false, path, ...options } = {}, body) {
  return async () => {
    browser ??= startBrowser();
    const fake = await startFake({ user, empty });
    const page = await openPage(await browser, options);
    const visit = async (where) => {
      await page.goto(fake.url + where);
      await page.locator('h1').first().waitFor();
    };
    try {
      if (path) await visit(path);
      await body({ fake, page, visit });
      assert.deepEqual(page.faults, []);
    } finally {
      await page.context().close();
      await fake.close();
    }
  };
}

/** Waits until `look` gives something true, and gives that back. */
export async function until(what, look, deadlineMs = DEADLINE_MS) {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

export async function says(page, text) {
  await page.getByText(text).first().waitFor();
}

export const button = (page, name) => page.getByRole('button', { name, exact: true });

/** The text that the terminal shows now. */
export async function screen(page) {
  return (await page.locator('.xterm-rows > div').allTextContents())
    .map((line) => line.replaceAll('\u00a0', ' ').trimEnd())
    .join('\n')
    .trimEnd();
}
