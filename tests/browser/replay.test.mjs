// A recording is played, searched, read frame by frame, and checked.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ATTACKS, nothingHappened, watchAttacks } from './attacks.mjs';
import { button, says, screen, until, withConsole } from './console_test.mjs';
import { SESSION_DENIED, SESSION_ENDED, SESSION_LIVE } from './fake-data.mjs';

const REPLAY = { path: `/sessions/${SESSION_ENDED}/replay` };
const frames = (page) => page.locator('.frames li');

const seek = async (page, at_ms) => page.locator('.replay-timeline input').fill(String(at_ms));
const clock = (page) => page.locator('.replay-controls [role=timer]').textContent();

test(
  'the terminal plays, pauses, and shows at each place what it showed then',
  withConsole(REPLAY, async ({ page }) => {
    await page.locator('.replay-screen .xterm-rows').waitFor();
    await seek(page, 63_000);
    await until('the end of it', async () => /superheat 15 K/.test(await screen(page)));
    await seek(page, 4_000);
    await until('the middle of a word', async () => /# sensors --[a-z]{0,3}$/.test((await screen(page)).trim()));
    await button(page, 'Play').click();
    await until('the command to be complete', async () => /superheat/.test(await screen(page)));
    await button(page, 'Pause').click();
    const at = await clock(page);
    await page.waitForFunction(() => document.querySelector('.replay-controls button').textContent === 'Play');
    assert.equal(await clock(page), at);
  }),
);

test(
  'pauses are skipped, or not',
  withConsole(REPLAY, async ({ page }) => {
    await page.locator('.replay-screen .xterm-rows').waitFor();
    await seek(page, 6_000);
    await page.getByRole('combobox', { name: 'Speed' }).selectOption('16');
    await button(page, 'Play').click();
    await until('the end, a minute later', async () => /^01:03/.test(await clock(page)), 8_000);
    await page.getByRole('checkbox', { name: 'Skip pauses' }).uncheck();
    await seek(page, 6_000);
    await page.getByRole('combobox', { name: 'Speed' }).selectOption('1');
    await button(page, 'Play').click();
    await until('time to go on', async () => /^00:0[7-9]/.test(await clock(page)));
  }),
);

test(
  'keys: space, arrows, speed, the next input; not while somebody types into a field',
  withConsole(REPLAY, async ({ page }) => {
    await page.locator('.replay-screen .xterm-rows').waitFor();
    for (const [key, at] of [['ArrowRight', '00:05'], ['Shift+ArrowRight', '00:35'], ['ArrowLeft', '00:30'], ['i', '00:40'], ['i', '00:03']]) {
      await page.keyboard.press(key);
      await until(`${key} leads to ${at}`, async () => (await clock(page)).startsWith(at));
    }
    await page.keyboard.press('+');
    assert.equal(await page.getByRole('combobox', { name: 'Speed' }).inputValue(), '2');
    await page.keyboard.press('Space');
    await button(page, 'Pause').waitFor();
    await page.keyboard.press('Space');
    await page.getByRole('searchbox', { name: 'Search in the recording' }).fill('i n');
    assert.ok((await clock(page)).startsWith('00:0'));
  }),
);

test(
  'a hit is found in the recording; n and N go from one to the next',
  withConsole({ path: `/sessions/${SESSION_ENDED}/replay?q=air&t=5050` }, async ({ page }) => {
    await until('the place of the address', async () => /superheat/.test(await screen(page)));
    await says(page, 'Hit 0 of 2');
    await page.keyboard.press('n');
    await says(page, 'Hit 1 of 2');
    await page.keyboard.press('n');
    await until('the second', async () => (await clock(page)).startsWith('01:01'));
    await page.keyboard.press('N');
    await until('the first', async () => (await clock(page)).startsWith('00:05'));
    assert.deepEqual(await page.locator('.hits mark').allTextContents(), ['air', 'air']);
  }),
);

test(
  'the search page leads to the moment; kinds are chosen; who searches for nothing is told what to do',
  withConsole({ path: '/search' }, async ({ page }) => {
    await says(page, 'All words must occur in one line');
    await page.getByRole('searchbox').fill('air');
    await until('two hits', async () => (await page.locator('.hits li').count()) === 2);
    await page.getByRole('combobox', { name: 'What' }).selectOption('screen');
    await until('one hit', async () => (await page.locator('.hits li').count()) === 1);
    await page.locator('.excerpt-link').click();
    await until('the moment', async () => /superheat/.test(await screen(page)));
    await page.waitForURL(/\/replay\?t=5050&q=air/);
  }),
);

test(
  'the owner has no search in the menu; the page says why',
  withConsole({ user: 'otto', path: '/search?q=air' }, async ({ page }) => {
    assert.equal(await page.getByRole('link', { name: 'Search', exact: true }).count(), 0);
    page.faults.splice(0, page.faults.length, ...page.faults.filter((one) => !/403/.test(one)));
  }),
);

/** A recording with these frames: [dir, t_ms, by, text of the terminal or a control message]. */
async function give(page, rows) {
  const cast = [JSON.stringify({ version: 2, width: 80, height: 24 })];
  const lines = [JSON.stringify({ transcript: 'fieldline.transcript.1', session: SESSION_ENDED })];
  for (const [n, [dir, t_ms, by, said]] of rows.entries()) {
    const frame = { n: n + 1, dir, t_ms, ch: typeof said === 'string' ? 1 : 0, by };
    if (typeof said === 'string') cast.push(JSON.stringify([t_ms / 1000, dir === 'up' ? 'o' : 'i', said]));
    lines.push(JSON.stringify(typeof said === 'string' ? { ...frame, cast: cast.length, len: said.length } : { ...frame, len: 1, data: said }));
  }
  await page.route('**/cast', (route) => route.fulfill({ contentType: 'application/x-asciicast', body: `${cast.join('\n')}\n` }));
  await page.route('**/transcript', (route) => route.fulfill({ contentType: 'application/jsonl', body: `${lines.join('\n')}\n` }));
}
const note = (method, params) => ({ jsonrpc: '2.0', method, params });

test(
  'promise 45: what a product prints cannot reach beyond the cells of the replay',
  withConsole({ permissions: ['clipboard-read', 'clipboard-write'] }, async ({ page, visit }) => {
    await give(page, [['up', 100, 'freezer-7', ATTACKS.join('') + 'harmless']]);
    await watchAttacks(page);
    await visit(REPLAY.path);
    await seek(page, 100);
    await until('the harmless word', async () => /harmless/.test(await screen(page)));
    await nothingHappened(page);
    assert.equal(await page.locator('.replay-screen a').count(), 0);
  }),
);

test(
  'people, checks, settings, files, chat and holes stand on the timeline; holes are said; no terminal is no obstacle',
  withConsole({}, async ({ page, visit }) => {
    await give(page, [
      ['gate', 0, '', note('session.people', { people: [{ name: 'ann', part: 'engineer' }] })],
      ['down', 1_000, 'ann', { ...note('configure.set', { values: { limit: 7 }, confirm_s: 60 }), id: 1 }],
      ['down', 2_000, 'ann', { ...note('file.get', { stream: 1, root: 'logs', path: '<b>x</b>' }), id: 2 }],
      ['gate', 3_000, '', note('chat.said', { by: 'eva', text: 'stop\u202ethat', t_ms: 3_000 })],
      ['gate', 20_000, '', note('transcript.hole', { from_ms: 5_000, to_ms: 15_000, text: 'the link was cut' })],
    ]);
    await visit(REPLAY.path);
    await says(page, 'No terminal was used in this session.');
    await says(page, 'This recording has 1 holes');
    for (const kind of ['people', 'setting', 'file', 'chat', 'hole']) assert.equal(await page.locator(`.mark-${kind}`).count(), 1, kind);
    await page.locator('.mark-chat').click();
    await until('its time', async () => (await clock(page)).startsWith('00:03'));
    await until('its words', async () => (await page.locator('.replay-latest').textContent()).includes('eva'));
    assert.equal(await page.locator('.replay-latest b').filter({ hasText: 'x' }).count(), 0, 'text, not markup');
  }),
);

test(
  'whatever the gateway notes of people, the keyboard, the call, the link and refusals is on the timeline',
  withConsole({}, async ({ page, visit }) => {
    const refused = { code: -32000, message: 'the session is frozen', data: { code: 'frozen', to: 'ann' } };
    const rows = [
      [note('session.frozen', { by: 'sun', why: 'moderator' }), 'control', /sun ❄$/],
      [{ jsonrpc: '2.0', id: 7, error: refused }, 'refused', /ann the session is frozen$/],
      [note('session.thawed', { by: 'sun', why: 'moderator' }), 'control', /sun ▶$/],
      [note('session.offered', { by: 'ann', to: 'bob' }), 'control', /ann ⌨ → bob$/],
      [note('session.taken', { by: 'bob', from: 'ann' }), 'control', /bob ⌨ ← ann$/],
      [note('call.started', { by: 'ann', media: ['audio'] }), 'people', /ann ☎ audio$/],
      [note('call.changed', { by: 'ann', media: ['audio', 'screen'] }), 'people', /ann ☎ audio, screen$/],
      [note('call.left', { by: 'ann', seconds: 15, media: ['audio', 'screen'] }), 'people', /ann ☎ – 15 s$/],
      [note('session.away', { ms: 30_000 }), 'control', /⇠$/],
      [note('session.back', { ms: 9_000 }), 'control', /⇢ 9 s$/],
    ];
    await give(page, rows.map(([said], i) => ['gate', 1_000 * (i + 1), '', said]));
    await visit(REPLAY.path);
    await page.locator('.mark').first().waitFor();
    const marks = await page.locator('.mark').evaluateAll((all) => all.map((one) => [one.className, one.getAttribute('aria-label')]));
    assert.equal(marks.length, rows.length);
    for (const [i, [, kind, words]] of rows.entries()) {
      assert.equal(marks[i][0], `mark mark-${kind}`);
      assert.match(marks[i][1], words);
    }
  }),
);

test(
  'in a narrow window and in Chinese',
  withConsole({ ...REPLAY, language: 'zh', width: 380, height: 740 }, async ({ page }) => {
    await page.locator('.replay-screen .xterm-rows').waitFor();
    await button(page, '播放').waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1), 'nothing sticks out');
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
    await page.getByRole('searchbox', { name: 'Search in this list' }).fill('diagnose');
    await until('one frame', async () => (await frames(page).count()) === 1);
    await button(frames(page), '01:00').click();
    await until('its place', async () => (await clock(page)).startsWith('01:00'));
    await page.getByRole('searchbox', { name: 'Search in this list' }).fill('nothing like this');
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
