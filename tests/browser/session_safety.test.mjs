// Promise 45 in the live session: what a product prints is drawn and does nothing else. Nothing is typed back at it, because the
// answer of a terminal would be the engineer's words.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ATTACKS, nothingHappened, watchAttacks } from './attacks.mjs';
import { button, screen, until, withConsole } from './console_test.mjs';
import { SESSION_LIVE } from './fake-data.mjs';

const PATH = `/sessions/${SESSION_LIVE}`;

test(
  'promise 45: each of many sequences reaches neither page, clipboard, window nor product',
  withConsole({ permissions: ['clipboard-read', 'clipboard-write'] }, async ({ fake, page, visit }) => {
    await watchAttacks(page);
    await visit(PATH);
    await button(page, 'Open the terminal').click();
    await until('the prompt', async () => /\$/.test(await screen(page)));
    const leg = fake.legs.at(-1);
    const typed = [];
    const keep = leg.typed.bind(leg);
    leg.typed = (text) => {
      typed.push(text);
      keep(text);
    };
    const title = await page.title();
    for (const [i, attack] of ATTACKS.entries()) {
      leg.print(`${attack}\r\nafter ${i}.`);
      await until(`what follows attack ${i}`, async () => (await screen(page)).includes(`after ${i}.`));
      assert.deepEqual(typed, [], `attack ${i}: ${JSON.stringify(attack)} was answered`);
    }
    // The window loses and gets the focus: the product does not hear of it.
    await page.evaluate(() => document.activeElement.blur());
    await page.locator('.terminal-box').click();
    assert.deepEqual(typed, []);
    await nothingHappened(page);
    assert.equal(await page.title(), title);
    assert.equal(await page.locator('.terminal-box a').count(), 0);
    await page.keyboard.type('x');
    await until('keys to go on working', () => typed.join('') === 'x');
  }),
);
