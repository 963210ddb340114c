// The product's display in the console: noVNC against a real X server through a real session; looking only unless the product
// allows more; recorded, and played to the same picture.
import assert from 'node:assert/strict';
import { after, test as anyTest } from 'node:test';
import { Firmware } from '../integration/firmware.mjs';
import { ask, openTicket, waitReport, waitState } from '../integration/service.mjs';
import { StreamLeg } from '../integration/stream_leg.mjs';
import { TestStack, waitFor } from '../integration/stack.mjs';
import { findBarriers } from './accessibility.mjs';
import { openPage, shoot, startBrowser } from './browser.mjs';
import { button, until } from './console_test.mjs';
import { Display, HEIGHT, WIDTH } from './display.mjs';

const PASSWORD = 'correct horse battery staple'; // of the stack's users
const PICTURE_MS = 30_000;
const RED = [255, 0, 0];
const GREEN = [0, 255, 0];
const BLUE = [0, 0, 255];

const display = await Display.start();
after(() => display.stop());
const stack = await TestStack.start('screen');
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const { product } = await Firmware.on(stack, 'product-1', {
  owner: 'hook',
  agent: {
    session: { capabilities: 'observe,screen,forward' },
    'forward web': { port: 80, kind: 'http' },
    'forward display': { port: display.port, kind: 'rfb' },
    'forward service': { port: display.port, kind: 'rfb', view_only: 'no' },
  },
});
await product.answers([]);
await product.waitOnline(support, 20);
const ticket = await openTicket(support, engineer, product.id);
const browser = await startBrowser();
after(() => browser.close());

async function enter(capabilities = ['screen']) {
  const asked = await ask(engineer, ticket, capabilities);
  await waitState(engineer, asked.id, ['live']);
  return asked.id;
}

async function end(id) {
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
}

let failed;
function test(name, body) {
  anyTest(name, async (t) => {
    assert.equal(failed, undefined, 'an earlier step failed');
    await stack.guard(body)(t).catch((error) => {
      failed = name;
      throw error;
    });
  });
}

// ---- the guard, with a viewer that does not keep to it

/** A viewer by hand: what it sends is what the test says. */
class Viewer {
  constructor(stream) {
    this.stream = stream;
  }

  async read(count) {
    await waitFor(`${count} bytes of the server`, () => this.stream.bytes.length >= count || this.stream.isOver, { seconds: 20 });
    return this.stream.bytes;
  }

  async greet() {
    await this.read(12);
    await this.stream.send(Buffer.from('RFB 003.008\n'));
    const types = (await this.read(13))[12];
    await this.read(13 + types);
    await this.stream.send(Buffer.from([1]));
    await this.read(13 + types + 4);
    await this.stream.send(Buffer.from([1]));
    await this.read(13 + types + 4 + 24);
  }

  key(code) {
    const event = Buffer.alloc(16);
    for (const [at, isDown] of [[0, 1], [8, 0]]) {
      event[at] = 4;
      event[at + 1] = isDown;
      event.writeUInt32BE(code, at + 4);
    }
    return this.stream.send(event);
  }

  point(x, y) {
    const event = Buffer.from([5, 0, 0, 0, 0, 0]);
    event.writeUInt16BE(x, 2);
    event.writeUInt16BE(y, 4);
    return this.stream.send(event);
  }

  async type(text) {
    await this.point(20, 20);
    for (const letter of text) await this.key(letter === '\n' ? 0xff0d : letter.charCodeAt(0));
    await this.stream.send(Buffer.from([3, 0, 0, 0, 0, 0, 0, 1, 0, 1])); // a picture: its answer says that all was read
    const before = this.stream.received;
    await waitFor('a picture', () => this.stream.received > before, { seconds: 20 });
  }
}

test('promise_44_keys_do_not_reach_a_display_that_may_only_be_looked_at', async () => {
  const id = await enter();
  const leg = await StreamLeg.join(engineer, id);
  assert.deepEqual((await leg.call('screen.list')).screens, [{ name: 'display', view_only: true }, { name: 'service', view_only: false }]);
  await assert.rejects(leg.open('screen.open', { name: 'display', view_only: false }), /only be looked at/);
  await assert.rejects(leg.open('screen.open', { name: 'display' }), /view_only/);
  await assert.rejects(leg.open('forward.open', { name: 'display' }), /forward.*not granted/);
  for (const [name, view_only] of [['display', true], ['service', true]]) {
    const viewer = new Viewer(await leg.open('screen.open', { name, view_only }));
    await viewer.greet();
    await viewer.type('intruder\n');
    assert.equal(await display.typed(), '', `${name}: nothing arrived`);
    viewer.stream.close();
    await viewer.stream.closed;
  }
  const hands = new Viewer(await leg.open('screen.open', { name: 'service', view_only: false }));
  await hands.greet();
  await hands.type('allowed\n');
  await waitFor('the same keys where both sides allow them', async () => (await display.typed()) === 'allowed\n', { seconds: 20 });
  const rude = new Viewer(await leg.open('screen.open', { name: 'display', view_only: true }));
  await rude.greet();
  await rude.stream.send(Buffer.from([7, 0, 0, 0]));
  assert.equal((await rude.stream.closed).reason, 'refused');
  await end(id);
});

// ---- the console

const page = await openPage(browser);
page.context().setDefaultTimeout(PICTURE_MS);
let id;

/** Pixels of the display, as the canvas has them. */
const pixel = (x, y) =>
  page.locator('.screen-box canvas').first().evaluate((canvas, at) => [...canvas.getContext('2d').getImageData(at.x, at.y, 1, 1).data].slice(0, 3), { x, y });
const picture = () =>
  page.locator('.screen-box canvas').first().evaluate(async (canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
    return `${canvas.width}x${canvas.height} ${[...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  });
const shows = (colour, x, y) =>
  until(`${colour} at ${x}, ${y}`, async () => {
    const size = await page.locator('.screen-box canvas').first().evaluate((canvas) => canvas.width).catch(() => 0);
    return size === WIDTH && String(await pixel(x, y)) === String(colour);
  }, PICTURE_MS);

test('the display is shown, view only, and moves along', async () => {
  id = await enter();
  await page.goto(`${stack.gateway.origin}/sessions/${id}`);
  await page.getByLabel('User').fill('engineer');
  await page.getByLabel('Password').fill(PASSWORD);
  await button(page, 'Log in').click();
  await page.locator('.live-bar').waitFor();
  await button(page, 'Show the display').click();
  await shows(RED, WIDTH - 20, HEIGHT - 20);
  await shows(BLUE, 20, 20);
  await page.getByText('View only', { exact: true }).waitFor();
  await page.locator('.screen-box canvas').first().click({ position: { x: 30, y: 30 } });
  await page.keyboard.type('nobody\n');
  await display.paint('#00ff00');
  await shows(GREEN, WIDTH - 20, HEIGHT - 20);
  assert.equal(await display.typed(), 'allowed\n', 'what was typed before, and nothing else');
  assert.equal(await button(page, 'Take control').count(), 0, 'the product does not allow it here');
  assert.deepEqual(await findBarriers(page), []);
  await shoot(page, 'screen-view-only', { fullPage: true });
  await button(page, 'Stop showing').click();
});

test('control, where the product allows it', async () => {
  await page.getByLabel('Which display?').selectOption('service');
  await button(page, 'Show the display').click();
  await shows(GREEN, WIDTH - 20, HEIGHT - 20);
  await button(page, 'Take control').click();
  await page.getByText('Your keys and pointer act on the product').waitFor();
  await shows(GREEN, WIDTH - 20, HEIGHT - 20);
  const box = await page.locator('.screen-box canvas').first().boundingBox();
  await page.mouse.click(box.x + (40 * box.width) / WIDTH, box.y + (40 * box.height) / HEIGHT);
  await until('the keys on the product', async () => {
    await page.keyboard.type('by hand\n');
    return (await display.typed()).includes('by hand\n');
  }, PICTURE_MS);
  await shoot(page, 'screen-control', { fullPage: true });
  await button(page, 'Only look').click();
  await page.getByText('View only', { exact: true }).waitFor();
  await shows(GREEN, WIDTH - 20, HEIGHT - 20);
});

test('the recording plays to the same picture, and seeks', async () => {
  const live = await picture();
  await end(id);
  await page.goto(`${stack.gateway.origin}/sessions/${id}/replay`);
  const slider = page.getByRole('slider').first();
  const [from, to] = await slider.evaluate((input) => [Number(input.min), Number(input.max)]);
  const seek = (at) =>
    slider.evaluate((input, value) => {
      input.value = String(value);
      input.dispatchEvent(new Event('input', { bubbles: true }));
    }, at);
  await seek(to);
  await until('the last picture', async () => (await picture().catch(() => '')) === live, PICTURE_MS);
  await until('a moment when it was red', async () => {
    for (let at = from; at < to; at += 200) {
      await seek(at);
      if (String(await pixel(WIDTH - 20, HEIGHT - 20).catch(() => '')) === String(RED)) return true;
    }
    return false;
  }, PICTURE_MS);
  await shoot(page, 'screen-replay', { fullPage: true });
  await seek(to);
  await until('the last picture again', async () => (await picture().catch(() => '')) === live, PICTURE_MS);
  assert.deepEqual(await findBarriers(page), []);
  const verdict = await stack.gateway.verify(`${stack.gateway.dataDir}/transcripts/${id}.cast`, '--key', `${stack.gateway.dataDir}/seal.pub`, '--ca', stack.pki.path('ca.crt'));
  assert.ok(verdict.ok, verdict.text);
});

test('ports beside it: the command that reaches one', async () => {
  const both = await enter(['screen', 'forward']);
  await page.goto(`${stack.gateway.origin}/sessions/${both}`);
  await page.getByRole('tab', { name: 'Ports' }).click();
  const command = page.locator('pre', { hasText: 'fieldline-gateway forward' });
  await command.waitFor();
  assert.equal(await command.count(), 1, 'a display is no port to forward');
  const text = await command.textContent();
  assert.ok(text.includes(`--session ${both} --port web --user engineer`), text);
  await shoot(page, 'screen-ports', { fullPage: true });
  assert.deepEqual(await findBarriers(page), []);
  await end(both);
});

test('in Chinese, and in a narrow window', async () => {
  const narrow = await openPage(browser, { language: 'zh', width: 420, height: 800 });
  const again = await enter();
  await narrow.goto(`${stack.gateway.origin}/sessions/${again}`);
  await narrow.locator('input').first().fill('engineer');
  await narrow.locator('input[type=password]').fill(PASSWORD);
  await narrow.locator('form button[type=submit]').click();
  await narrow.locator('.live-bar').waitFor();
  await narrow.getByRole('button', { name: '显示屏幕' }).click();
  await narrow.getByText('仅观看', { exact: true }).waitFor({ timeout: PICTURE_MS });
  await narrow.locator('.screen-box[data-state=shown]').waitFor({ timeout: PICTURE_MS });
  const wide = await narrow.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${wide} pixels stick out`);
  await shoot(narrow, 'screen-narrow-zh', { fullPage: true });
  await end(again);
  assert.deepEqual(narrow.faults, []);
});

test('nothing went wrong in the page, under the policy that the gateway sets', () => {
  assert.deepEqual(page.faults, []);
});
