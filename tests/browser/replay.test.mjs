// A recording is played, read frame by frame, and checked.
import assert from 'node:assert/strict';
import test from 'node:test';
import { button, says, until, withConsole } from './console_test.mjs';
import { SESSION_DENIED, SESSION_ENDED, SESSION_LIVE } from './fake-data.mjs';

const REPLAY = { path: `/sessions/${SESSION_ENDED}/replay` };
const frames = (page) => page.locator('.frames li');

test(
  'the terminal plays',
  withConsole(REPLAY, async ({ page }) => {
    await page.locator('.player canvas').waitFor();
    await page.locator('.player').click();
    await until('time goes on', async () => /0[1-9]/.test(await page.locator('.player .ap-time-elapsed').textContent()));
  }),
);

test(
  'every frame has its author, typed letters are lines, colours are not shown as codes',
  withConsole(REPLAY, async ({ page }) => {
    await frames(page).first().waitFor();
    const lines = (await frames(page).allTextContents()).map((line) => line.replace(/\s+/g, ' '));
    assert.ok(
      lines.some((line) => line === '00:03annsensors --once⏎'),
      lines.join('\n'),
    );
    assert.ok(
      lines.some((line) => line.startsWith('00:01freezer-7root@freezer-7:~#')),
      lines.join('\n'),
    );
    assert.ok(lines.some((line) => line.includes('superheat 15 K')));
    assert.ok(lines.some((line) => line.includes('(hidden input, 8 bytes sealed)')));
    assert.ok(lines.some((line) => line.includes('gateway') && line.includes('session.state')));
    assert.ok(lines.every((line) => !line.includes('\x1b') && !line.includes('[1;32m')));
  }),
);

test(
  'frames are filtered by author and searched, and lead into the player',
  withConsole(REPLAY, async ({ page }) => {
    await frames(page).first().waitFor();
    await page.getByRole('combobox', { name: 'Show' }).selectOption('ann');
    await until("only ann's", async () => (await frames(page).allTextContents()).every((line) => line.includes('ann')));
    await page.getByRole('searchbox').fill('diagnose');
    await until('one frame', async () => (await frames(page).count()) === 1);
    await page.locator('.player canvas').waitFor();
    await button(frames(page), '01:00').click();
    await page.getByRole('searchbox').fill('nothing like this');
    await says(page, 'No frame matches.');
  }),
);

test(
  'the check says that all is well',
  withConsole(REPLAY, async ({ page }) => {
    await button(page, 'Check the recording').click();
    await says(page, 'The recording is complete and unchanged.');
    await says(page, 'Countersigned by the product.');
  }),
);

test(
  'the check says what is wrong',
  withConsole(REPLAY, async ({ page }) => {
    await page.route('**/verify', (route) =>
      route.fulfill({ json: { ok: false, text: 'Frame 17 was changed.', frames: 16, countersigned: false } }),
    );
    await button(page, 'Check the recording').click();
    await says(page, 'does NOT match its seal');
    await says(page, 'Frame 17 was changed.');
    await says(page, 'Not countersigned by the product.');
  }),
);

test(
  'a session that never began has nothing to play',
  withConsole({ path: `/sessions/${SESSION_DENIED}/replay` }, async ({ page }) => {
    await says(page, 'This session never began, so nothing was recorded.');
    assert.equal(await button(page, 'Check the recording').count(), 0);
  }),
);

test(
  'a session that is not over cannot be checked yet',
  withConsole({ path: `/sessions/${SESSION_LIVE}/replay` }, async ({ page }) => {
    await says(page, 'The session is not over');
    assert.equal(await button(page, 'Check the recording').count(), 0);
  }),
);

test(
  'a damaged line is shown, not skipped',
  withConsole({}, async ({ page, visit }) => {
    await page.route('**/transcript', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: (await answer.text()).replace('"method":"diagnose.run"', '"method":"diagn') });
    });
    await visit(REPLAY.path);
    await until('the broken line', async () => (await frames(page).allTextContents()).some((line) => line.includes('"method":"diagn')));
  }),
);
