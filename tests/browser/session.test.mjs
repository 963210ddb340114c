// A live session: typing, size, hidden input, a flood under credit, output that attacks, checks, values, and every way in which
// it can stop.
import assert from 'node:assert/strict';
import test from 'node:test';
import { button, says, screen, until, withConsole } from './console_test.mjs';
import { SESSION_LIVE } from './fake-data.mjs';

const LIVE = { path: `/sessions/${SESSION_LIVE}` };
const lastLeg = (fake) => fake.legs.at(-1);
async function openTerminal({ fake, page }) {
  await button(page, 'Open the terminal').click();
  await until('the prompt', async () => /Welcome to freezer-7\n\$/.test(await screen(page)));
  return lastLeg(fake);
}
const shows = (page, text) => until(`the terminal shows ${text}`, async () => (await screen(page)).includes(text));

test(
  'what is typed arrives, what comes is drawn, in any script',
  withConsole(LIVE, async ({ fake, page }) => {
    const leg = await openTerminal({ fake, page });
    await page.keyboard.type('echo hello\r');
    await shows(page, 'you said: echo hello');
    await page.keyboard.insertText('温度 °C');
    await page.keyboard.press('Enter');
    await shows(page, 'you said: 温度 °C');
    assert.deepEqual(leg.received, ['echo hello', '温度 °C']);
    assert.equal(leg.size.term, 'xterm-256color');
  }),
);

test(
  'the product is told the size, and a change of it',
  withConsole(LIVE, async ({ fake, page }) => {
    const leg = await openTerminal({ fake, page });
    const { cols } = leg.size;
    assert.ok(cols > 100, `${cols} columns in a window of 1280`);
    await page.setViewportSize({ width: 700, height: 900 });
    await until('fewer columns', () => leg.size.cols < cols);
  }),
);

test(
  'hidden input is announced while it is hidden',
  withConsole(LIVE, async ({ fake, page }) => {
    const leg = await openTerminal({ fake, page });
    await page.keyboard.type('passwd\r');
    await says(page, 'Hidden input');
    await page.keyboard.type('secret\r');
    await shows(page, 'thank you');
    await page.getByText('Hidden input').waitFor({ state: 'detached' });
    assert.ok(!(await screen(page)).includes('secret'));
    assert.deepEqual(leg.received, ['passwd', 'secret']);
  }),
);

test(
  'a flood of output is taken as fast as it is drawn, and no faster',
  withConsole(LIVE, async ({ fake, page }) => {
    const leg = await openTerminal({ fake, page });
    let least = Infinity;
    const flush = leg.flush.bind(leg);
    leg.flush = () => {
      flush();
      least = Math.min(least, leg.credit);
    };
    await page.keyboard.type('flood\r');
    await shows(page, 'flood is over');
    assert.ok(leg.isCreditSpoken);
    assert.ok(least >= 0 && least < 16_384, `the product was held back (least credit ${least})`);
    await page.keyboard.type('still here\r');
    await shows(page, 'you said: still here');
  }),
);

test(
  'output cannot reach the clipboard, the title or another page',
  withConsole({ ...LIVE, permissions: ['clipboard-read', 'clipboard-write'] }, async ({ fake, page }) => {
    await openTerminal({ fake, page });
    await page.evaluate(() => navigator.clipboard.writeText('mine'));
    const title = await page.title();
    const url = page.url();
    await page.keyboard.type('attack\r');
    await shows(page, 'linkred');
    const link = await page.locator('.xterm-rows span', { hasText: /^link/ }).boundingBox();
    await page.mouse.click(link.x + 5, link.y + 5);
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'mine');
    assert.equal(await page.title(), title);
    assert.equal(page.url(), url);
    assert.equal(page.context().pages().length, 1);
    const red = await page.locator('.xterm-rows span', { hasText: /^red$/ }).evaluate((span) => getComputedStyle(span).color);
    assert.equal(red, 'rgb(255, 0, 0)', 'and true colours work under the strict policy');
  }),
);

test(
  'too much at once is refused whole',
  withConsole(LIVE, async ({ fake, page }) => {
    const leg = await openTerminal({ fake, page });
    await page.keyboard.insertText('x'.repeat(70_000));
    await says(page, 'Nothing of it was sent.');
    await page.keyboard.type('fine\r');
    await shows(page, 'you said: fine');
    assert.deepEqual(leg.received, ['fine']);
  }),
);

test(
  'the program ends; another can be started',
  withConsole(LIVE, async ({ fake, page }) => {
    await openTerminal({ fake, page });
    await page.keyboard.type('exit\r');
    await says(page, 'The terminal was closed (exit status 0).');
    await openTerminal({ fake, page });
  }),
);

test(
  'a refused terminal says why',
  withConsole(LIVE, async ({ fake, page }) => {
    await button(page, 'Open the terminal').waitFor();
    const leg = lastLeg(fake);
    leg.methods = {
      ...leg.methods,
      'terminal.open': (_, id) =>
        leg.socket.send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32000, message: 'a terminal is open already' } })),
    };
    await button(page, 'Open the terminal').click();
    await says(page, 'a terminal is open already');
    await button(page, 'Open the terminal').waitFor();
  }),
);

test(
  'the keyboard gets out of the terminal',
  withConsole(LIVE, async ({ fake, page }) => {
    await openTerminal({ fake, page });
    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement.closest('.terminal-box') !== null), 'Tab belongs to the program');
    await page.keyboard.press('Shift+F6');
    assert.ok(await page.evaluate(() => document.activeElement.closest('.terminal-box') === null));
    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement.closest('.terminal-box') === null && document.activeElement !== document.body));
  }),
);

test(
  'a check is run and its output is text',
  withConsole(LIVE, async ({ page }) => {
    await page.getByRole('tab', { name: 'Checks' }).click();
    await button(page, 'Read all sensors once').click();
    await page.locator('pre', { hasText: '<b>air</b> -12.4' }).waitFor();
    await says(page, 'exit status 0, 0.8 s');
    await button(page, 'Start the compressor for 10 s').click();
    await says(page, 'exit status 2, 0.8 s');
  }),
);

test(
  'values and log lines come while one watches',
  withConsole(LIVE, async ({ page }) => {
    await page.getByRole('tab', { name: 'Live values' }).click();
    await button(page, 'Watch').click();
    await page.locator('tr', { hasText: 'Air temperature' }).getByText('°C').waitFor();
    await page.locator('.course polyline').first().waitFor();
    await says(page, 'tick 4');
    await button(page, 'Stop watching').click();
    await button(page, 'Watch').waitFor();
  }),
);

test(
  'whoever is not the engineer watches and cannot type',
  withConsole({ ...LIVE, user: 'sun' }, async ({ fake, page }) => {
    await says(page, 'You are watching. Only ann can type.');
    const leg = await until('a leg', () => lastLeg(fake));
    leg.print('what ann does\r\n');
    await shows(page, 'what ann does');
    await page.locator('.terminal-box').click();
    await page.keyboard.type('rm -rf /\r');
    leg.print('done\r\n');
    await shows(page, 'done');
    assert.deepEqual(leg.received, []);
    assert.equal(await button(page, 'Open the terminal').count(), 0);
    await page.getByRole('tab', { name: 'Checks' }).click();
    await page.locator('#panel-diagnose h2').waitFor();
    assert.equal(await button(page, 'Read all sensors once').count(), 0);
  }),
);

test(
  'ending asks once, ends, and leads to the replay',
  withConsole(LIVE, async ({ fake, page }) => {
    await button(page, 'End session').click();
    await button(page.getByRole('dialog'), 'Cancel').click();
    assert.equal(fake.data.sessions[0].state, 'live');
    await button(page, 'End session').click();
    await button(page.getByRole('dialog'), 'End session').click();
    await says(page, 'The engineer ended the session.');
    await page.getByRole('link', { name: 'Replay' }).waitFor();
  }),
);

test(
  'a broken connection is said and mended, and the terminal goes on',
  withConsole(LIVE, async ({ fake, page }) => {
    const first = await openTerminal({ fake, page });
    first.socket.terminate();
    await says(page, 'The connection to the gateway was lost.');
    const second = await until('a new connection', () => lastLeg(fake) !== first && lastLeg(fake));
    second.isOpen = true;
    second.tell('session.state', {
      state: 'live',
      reason: '',
      text: '',
      capabilities: ['shell'],
      seconds_left: 60,
      to: 'ann',
      may_type: true,
      terminal_open: true,
    });
    await until('the size is told again', () => second.size);
    second.print('back again\r\n');
    await shows(page, 'back again');
    assert.ok((await screen(page)).includes('Welcome to freezer-7'), 'the screen is kept');
  }),
);

test(
  'another window takes over: this one does not fight for it',
  withConsole(LIVE, async ({ fake, page }) => {
    const leg = await openTerminal({ fake, page });
    leg.socket.close(1000, 'replaced');
    await says(page, 'This session was opened in another window');
    const before = fake.legs.length;
    await page.evaluate(() => new Promise((done) => requestIdleCallback(done, { timeout: 1_000 })));
    assert.equal(fake.legs.length, before);
  }),
);

for (const [why, text] of [
  ['deadline', 'The agreed time was over.'],
  ['ended_by_owner', 'The owner ended the session.'],
  ['agent_gone', 'The connection to the product broke.'],
]) {
  test(
    `it ends from the other side: ${why}`,
    withConsole(LIVE, async ({ fake, page }) => {
      const leg = await openTerminal({ fake, page });
      Object.assign(fake.data.sessions[0], { state: 'ended', why, text: '', ended_ms: Date.now(), complete: true });
      leg.socket.close(1000, why);
      await says(page, text);
      assert.equal(await page.locator('.terminal').count(), 0);
    }),
  );
}

test(
  'the time left is counted and becomes urgent',
  withConsole({}, async ({ fake, page, visit }) => {
    fake.data.sessions[0].deadline_ms = Date.now() + 90_000;
    await visit(LIVE.path);
    await page.locator('.live-bar .bad-word', { hasText: /01:[0-3]\d/ }).waitFor();
  }),
);
