// The console against the real gateway, in the order of an engineer's day: fleet, charts, ticket, consent, session, replay.
//
// FIELDLINE_URL, FIELDLINE_USER, FIELDLINE_PASSWORD (an engineer's) name a running site, such as `make demo`; it needs an open
// ticket of a product that is online and whose owner consents by himself (FIELDLINE_DEVICE; otherwise the first ticket's).
// Without them the test starts a site of its own from the built programs: broker, gateway, one product whose owner reads out a
// code. Nothing is skipped.
import assert from 'node:assert/strict';
import { after, test as anyTest } from 'node:test';
import { findBarriers } from './accessibility.mjs';
import { openPage, shoot, startBrowser } from './browser.mjs';
import { button, says, screen, until } from './console_test.mjs';
import { findBreaches } from './openapi.mjs';

const START_MS = 60_000; // real consent and a real session process take a moment on a busy machine
const TICKET_MS = 180_000; // a fault may still have to develop
const site = process.env.FIELDLINE_URL
  ? {
      url: process.env.FIELDLINE_URL.replace(/\/$/, ''),
      user: process.env.FIELDLINE_USER,
      password: process.env.FIELDLINE_PASSWORD,
      device: process.env.FIELDLINE_DEVICE,
    }
  : await (await import('./site.mjs')).startSite();
const browser = await startBrowser();
after(() => browser.close());

const breaches = new Set();
async function enter(user, password) {
  const page = await openPage(browser);
  page.context().setDefaultTimeout(30_000);
  page.on('response', async (response) => {
    const { pathname } = new URL(response.url());
    if (
      !pathname.startsWith('/api/v1/') ||
      !/json/.test(response.headers()['content-type'] ?? '') ||
      /\/(cast|transcript|seal)$/.test(pathname)
    )
      return;
    const json = await response.json().catch(() => undefined); // the page may have gone on
    if (json === undefined) return;
    for (const breach of findBreaches(response.request().method(), pathname.slice('/api/v1'.length), response.status(), json))
      breaches.add(breach);
  });
  await page.goto(site.url);
  await page.getByLabel('User').fill(user);
  await page.getByLabel('Password').fill(password);
  await button(page, 'Log in').click();
  await says(page, 'What needs attention');
  return page;
}
const shows = (page, text) => until(`the terminal shows ${text}`, async () => (await screen(page)).includes(text), START_MS);

// Each step stands on the one before: after a failure the rest fails at once instead of waiting for what cannot come.
let failed;
function test(name, body) {
  anyTest(name, async (t) => {
    assert.equal(failed, undefined, 'an earlier step failed');
    try {
      await body(t);
    } catch (error) {
      failed = name;
      throw error;
    }
  });
}

const page = await enter(site.user, site.password);
let device;
let ticket; // its page

test('today shows an open ticket, and the updates are live', async () => {
  await says(page, 'Live');
  const rows = page.locator('section', { hasText: 'Open tickets' }).locator('tbody tr');
  const row = (site.device ? rows.filter({ hasText: site.device }) : rows).first();
  await row.waitFor({ timeout: TICKET_MS });
  device = site.device ?? (await row.locator('a[href^="/devices/"]').textContent());
  assert.deepEqual(await findBarriers(page), []);
  await shoot(page, 'real-today', { fullPage: true });
});

test('the fleet has the product, online', async () => {
  await page.getByRole('link', { name: 'Fleet' }).click();
  await page.getByRole('searchbox').fill(device);
  await page.locator('tbody tr', { hasText: device }).getByText('Online').waitFor();
  await page.getByRole('link', { name: device, exact: true }).click();
  await page.locator('h1', { hasText: device }).waitFor();
});

test('its measurements are drawn, and the newest value moves along', async () => {
  const chart = page.locator('.chart').first();
  await chart.locator('canvas').waitFor();
  await button(page, '15 min').click();
  const value = await until(
    'a value',
    async () => /now (\S+)/.exec((await chart.locator('figcaption').textContent()) ?? '')?.[1],
    START_MS,
  );
  assert.ok(Number.isFinite(Number(value)), value);
  const inked = await chart.locator('canvas').evaluate((canvas) =>
    canvas
      .getContext('2d')
      .getImageData(0, 0, canvas.width, canvas.height)
      .data.some((byte) => byte > 0),
  );
  assert.ok(inked, 'something is drawn');
  await shoot(page, 'real-device', { fullPage: true });
});

test('the ticket is opened from there and moved along', async () => {
  await page.locator('section', { hasText: 'Open tickets' }).locator('td a[href^="/tickets/"]').first().click();
  await button(page, 'Ask for a remote session').waitFor();
  ticket = page.url();
  await page.locator('.buttons').getByRole('button', { name: 'Comment' }).first().click();
  await page.locator('form textarea').fill('Seen in the browser test');
  await page.locator('form').getByRole('button', { name: 'Comment' }).click();
  await page.locator('.timeline').getByText('Seen in the browser test').waitFor();
  await shoot(page, 'real-ticket', { fullPage: true });
});

test('a session is asked for; the owner consents', async () => {
  await button(page, 'Ask for a remote session').click();
  await page.getByLabel('Use a terminal').check();
  await page.getByLabel('Why? The owner reads this.').fill('Browser test');
  await button(page, 'Ask the owner').click();
  await page.waitForURL(/\/sessions\//);
  const code = page.getByLabel('Code from the owner');
  const terminal = button(page, 'Open the terminal');
  await code.or(terminal).waitFor({ timeout: START_MS });
  if (await code.isVisible()) {
    assert.ok(site.code, `the owner of ${device} reads out a code: name a product whose owner consents by himself`);
    await code.fill(await site.code());
    await button(page, 'Send the code').click();
  }
  await terminal.waitFor({ timeout: START_MS });
});

test('commands are typed on the product', async () => {
  await button(page, 'Open the terminal').click();
  await until('a prompt', async () => /[$#]/.test(await screen(page)), START_MS);
  await page.keyboard.type('echo answer=$((6*7))\r');
  await shows(page, 'answer=42');
  await page.keyboard.type("printf '\\346\\270\\251\\345\\272\\246\\n'\r");
  await shows(page, '\n温度');
  await page.keyboard.type('stty size\r');
  await until('its size', async () => /\n\d\d \d\d+\n/.test(await screen(page)), START_MS);
  await shoot(page, 'real-session', { fullPage: true });
});

test('input without echo is announced', async () => {
  await page.keyboard.type("sh -c 'stty -echo; read x; stty echo; echo length=${#x}'\r");
  await page.getByText('Hidden input').waitFor({ timeout: START_MS });
  await page.keyboard.type('swordfish\r');
  await shows(page, 'length=9');
  assert.ok(!(await screen(page)).includes('swordfish'));
});

test('more output than all buffers hold comes through whole', async () => {
  await page.keyboard.type("seq 1 60000 | tail -c 400000; echo the-'end'\r");
  await shows(page, '60000\nthe-end');
});

test('values come while one watches', async () => {
  await page.getByRole('tab', { name: 'Live values' }).click();
  await button(page, 'Watch').click();
  await page.locator('#panel-observe .live-course').first().waitFor({ timeout: START_MS });
});

test('a check runs on the product', async () => {
  await page.getByRole('tab', { name: 'Checks' }).click();
  const check = page.locator('#panel-diagnose').getByRole('button').first();
  await check.click();
  await page
    .locator('.runs')
    .getByText(/exit status \d+/)
    .waitFor({ timeout: START_MS });
  await page.getByRole('tab', { name: 'Terminal' }).click();
});

test('somebody who joins watches', async (t) => {
  if (!site.watcher) {
    t.skip('a given site names one user only');
    return;
  }
  const other = await enter(site.watcher.user, site.watcher.password);
  await other.goto(page.url());
  await says(other, 'You are watching.');
  await shows(other, 'the-end');
  await page.locator('.terminal-box').click();
  await page.keyboard.type('echo both-see-$((1+1))\r');
  await shows(other, 'both-see-2');
  assert.deepEqual(other.faults, []);
  await other.context().close();
});

test('the page is loaded again in the middle: the session goes on', async () => {
  await page.reload();
  await shows(page, 'the-end');
  await page.locator('.terminal-box').click();
  await page.keyboard.type('echo still-$((2+1))\r');
  await shows(page, 'still-3');
});

test('the session is ended and its recording plays, is whole and is countersigned', async () => {
  await button(page, 'End session').click();
  await button(page.getByRole('dialog'), 'End session').click();
  await page.locator('main').getByRole('link', { name: 'Replay' }).click({ timeout: START_MS });
  await page.locator('.replay-screen .xterm-rows').waitFor({ timeout: START_MS });
  await button(page, 'Check the recording').click();
  await page.getByText('The recording is complete and unchanged.').waitFor({ timeout: START_MS });
  await says(page, 'Countersigned by the product.');
  const frames = (await page.locator('.frames li').allTextContents()).join('\n');
  assert.ok(frames.includes('echo answer=$((6*7))⏎'));
  assert.ok(frames.includes('hidden input'));
  assert.ok(!frames.includes('swordfish'));
  assert.deepEqual(await findBarriers(page), []);
  await shoot(page, 'real-replay', { fullPage: true });
});

test('the report is in the ticket', async () => {
  await page.goto(ticket);
  await page.locator('.markdown').last().waitFor({ timeout: START_MS });
  await says(page, 'Transcript digest');
  await shoot(page, 'real-report', { fullPage: true });
});

test('every answer that the console saw is what openapi.yaml says', () => {
  assert.deepEqual([...breaches], []);
});

test('nothing went wrong in the page, under the policy that the gateway sets', () => {
  assert.deepEqual(page.faults, []);
});
