// The owner's page on a phone, against real parts: broker, gateway, agent, session process. Pair, be asked, allow a part, see
// who is there, stop; times allowed beforehand; in both languages, at 360 px.
import assert from 'node:assert/strict';
import { after, test as anyTest } from 'node:test';
import { join } from 'node:path';
import { findBarriers } from './accessibility.mjs';
import { ROOT, openPage, shoot, startBrowser } from './browser.mjs';
import { until } from './console_test.mjs';
import { Firmware } from '../integration/firmware.mjs';
import { ask, openTicket, sessionProcesses, waitState } from '../integration/service.mjs';
import { SLOW, TestStack, waitFor } from '../integration/stack.mjs';
import { run } from '../../deploy/demo/process.mjs';

const DEVICE = 'phone-asked-1';
const stack = await TestStack.start('owner-page');
const { product } = await Firmware.on(stack, DEVICE, {
  agent: {
    session: { consent: 'page', owner_page: 'yes', owner_url: `${stack.gateway.origin}/owner/`, consent_windows: 'yes', wait: '60s' },
  },
});
const support = await stack.as('support');
const engineer = await stack.as('engineer');
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, DEVICE);
const agent = (...words) => run(join(ROOT, 'build/release/fieldline-agent'), [...words, '-c', product.config], { cwd: product.folder });

const browser = await startBrowser();
after(() => browser.close());
const page = await openPage(browser, { width: 360, height: 740, hasTouch: true, isMobile: true });
page.context().setDefaultTimeout(20_000);
const button = (name) => page.getByRole('button', { name, exact: true });
const shows = (text) => page.getByText(text).first().waitFor();

let failed;
function test(name, body) {
  anyTest(name, stack.guard(async (t) => {
    assert.equal(failed, undefined, 'an earlier step failed');
    try {
      await body(t);
    } catch (error) {
      failed = error;
      await shoot(page, 'owner-failed', { fullPage: true });
      throw error;
    }
  }));
}

test('without a link the page says what to do', async () => {
  await page.goto(`${stack.gateway.origin}/owner/`);
  await shows('No product is set up on this phone.');
});

test('a link of another secret enrols nobody', async () => {
  await page.goto(`${stack.gateway.origin}/owner/#device=${DEVICE}&k=${'A'.repeat(43)}`);
  await page.reload();
  await page.goto('about:blank');
  await page.goto(`${stack.gateway.origin}/owner/#device=${DEVICE}&k=${'A'.repeat(43)}`);
  await page.getByLabel('Your name').fill('Mallory');
  await button('Use this phone').click();
  await shows('The product did not accept this phone');
});

test('the link of the product enrols this phone', async () => {
  const { stdout } = await agent('owner-link');
  const link = stdout.trim();
  assert.match(link, new RegExp(`/owner/#device=${DEVICE}&k=[A-Za-z0-9_-]{43}$`));
  await page.goto('about:blank');
  await page.goto(link);
  await shows(`Use this phone for ${DEVICE}?`);
  assert.ok(!page.url().includes('k='), 'the secret has left the address');
  await page.getByLabel('Your name').fill('Li Wei');
  await shoot(page, 'owner-pair');
  await button('Use this phone').click();
  await shows('Nobody is connected, and nobody asks to be.');
  await shows('this phone');
  assert.match((await agent('owner-keys')).stdout, /1 {2}Li Wei {2}key [0-9a-f]{16}/);
});

let session;
test('promise_33 the owner allows a part of what is asked, for a shorter time', async () => {
  const asked = await ask(engineer, ticket, ['observe', 'diagnose', 'shell'], { minutes: 60, reason: 'the compressor does not start' });
  await shows('engineer asks to connect');
  await shows('the compressor does not start');
  await shows('Type any command on the product.');
  assert.equal(await page.getByRole('checkbox', { checked: true }).count(), 0, 'nothing is chosen beforehand');
  assert.equal(await button('Allow').isDisabled(), true);
  await page.getByRole('checkbox', { name: 'Watch' }).check();
  await page.getByRole('checkbox', { name: 'Type commands' }).check();
  await page.getByRole('radio', { name: '15 minutes' }).check();
  await shoot(page, 'owner-asked', { fullPage: true });
  assert.deepEqual(await findBarriers(page), []);
  await button('Allow').click();
  session = await waitState(engineer, asked.id, ['live'], 40);
  assert.deepEqual(session.capabilities, ['observe', 'shell']);
  assert.equal(session.consent.method, 'page');
  assert.equal(session.consent.by, 'Li Wei');
  assert.ok(session.consent.until_ms - session.consent.at_ms <= 15 * 60_000);
});

test('promise_42 the owner sees who is connected, and the product shows it', async () => {
  await shows('engineer is connected');
  await shows('15 min left');
  await shows('Allowed by Li Wei');
  await shoot(page, 'owner-live', { fullPage: true });
  assert.deepEqual(await findBarriers(page), []);
  const { readFile } = await import('node:fs/promises');
  const sign = JSON.parse(await readFile(`${product.folder}/run/session-active`, 'utf8'));
  assert.equal(sign.sessions[0].session, session.id);
  assert.equal(sign.sessions[0].engineer, 'engineer');
  assert.equal(sign.sessions[0].by, 'Li Wei');
});

test('promise_35 stop ends it within two seconds', async () => {
  const began = Date.now();
  await button('Stop now').click();
  const ended = await waitState(engineer, session.id, ['ended'], 10);
  assert.ok(Date.now() - began < 2000 * SLOW, `${Date.now() - began} ms`);
  assert.equal(ended.why, 'ended_by_owner');
  await until('no process is left', async () => (await sessionProcesses(product)).length === 0, 5000);
  await shows('Nobody is connected, and nobody asks to be.');
  const { existsSync } = await import('node:fs');
  await until('the sign is off', async () => !existsSync(`${product.folder}/run/session-active`), 5000);
});

test('the owner refuses', async () => {
  const asked = await ask(engineer, ticket, ['shell']);
  await shows('engineer asks to connect');
  await button('Refuse').click();
  const over = await waitState(engineer, asked.id, ['denied'], 20);
  assert.equal(over.why, 'refused');
});

test('a time allowed beforehand opens without asking, and taking it back ends what rests on it', async () => {
  await button('Allow a time beforehand').click();
  for (const day of ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']) await page.getByRole('checkbox', { name: day, exact: true }).check();
  await page.getByLabel('From').fill('00:00');
  await page.getByLabel('to', { exact: true }).fill('00:00');
  await page.getByRole('checkbox', { name: 'Watch' }).check();
  await shoot(page, 'owner-window', { fullPage: true });
  assert.deepEqual(await findBarriers(page), []);
  await button('Allow these times').click();
  await button('Take back').waitFor();
  const covered = await ask(engineer, ticket, ['observe']);
  const live = await waitState(engineer, covered.id, ['live'], 30);
  assert.equal(live.consent.method, 'window');
  assert.equal(live.consent.by, 'Li Wei');
  const began = Date.now();
  await button('Take back').click();
  const over = await waitState(engineer, covered.id, ['ended'], 15);
  assert.equal(over.why, 'consent_withdrawn');
  assert.ok(Date.now() - began < 4000 * SLOW);
});

test('more than the window covers is asked for', async () => {
  const asked = await ask(engineer, ticket, ['observe', 'shell']);
  await shows('engineer asks to connect');
  await engineer.post(`/sessions/${asked.id}/end`, {});
  await page.getByText('engineer asks to connect').waitFor({ state: 'detached' });
});

test('Chinese, and no fault on the way', async () => {
  await button('中文').click();
  await shows('我的设备的远程服务');
  const asked = await ask(engineer, ticket, ['observe', 'diagnose']);
  await shows('engineer 请求连接');
  await shoot(page, 'owner-asked-zh', { fullPage: true });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360, 'nothing sticks out');
  await button('拒绝').click();
  await waitState(engineer, asked.id, ['denied'], 20);
  assert.deepEqual(page.faults, []);
});

test('a key that is removed on the product is let in no more', async () => {
  await agent('owner-keys', 'remove', '1');
  await waitFor('the product to have told that the key is gone', async () => {
    await page.reload();
    await button('English').click();
    return page.getByText('not, or no longer, set up for this product').first().waitFor({ timeout: 3000 }).then(() => true, () => false);
  }, { seconds: 30 });
});
