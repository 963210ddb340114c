// Several people in one session, each in a browser window of his own, with the real gateway and product: joining, chat, the
// keyboard from hand to hand, freeze, a guest by a link, and the help call between two pages with Chromium's own camera.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test as anyTest } from 'node:test';
import { findBarriers } from './accessibility.mjs';
import { openPage, shoot, startBrowser } from './browser.mjs';
import { button, says, screen, until } from './console_test.mjs';
import { startSite } from './site.mjs';

const WAIT_MS = 60_000;
const site = await startSite();
// A moving picture with a clock in it and a beep instead of devices, and nobody to ask for permission.
const browser = await startBrowser([
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--autoplay-policy=no-user-gesture-required',
  '--auto-select-desktop-capture-source=Entire screen',
]);
after(() => browser.close());

// Each step stands on the one before.
let failed;
const pages = [];
function test(name, body) {
  anyTest(name, async () => {
    assert.equal(failed, undefined, 'an earlier step failed');
    try {
      await body();
      for (const page of pages) assert.deepEqual(page.faults, []);
    } catch (error) {
      failed = name;
      for (const [i, page] of pages.entries()) await shoot(page, `room-failed-${i}`, { fullPage: true }).catch(() => {});
      throw error;
    }
  });
}
async function enter(user, options = {}) {
  const page = await openPage(browser, options);
  page.context().setDefaultTimeout(30_000);
  pages.push(page);
  await page.goto(site.url);
  await page.locator('input').first().fill(user);
  await page.locator('input[type=password]').fill(site.password);
  await page.locator('form button').first().click();
  await page.locator('.brand').waitFor();
  return page;
}
const side = (page, name) => page.getByRole('region', { name, exact: true });
const shows = (page, text) => until(`the terminal shows ${text}`, async () => (await screen(page)).includes(text), WAIT_MS);
async function type(page, line) {
  await page.locator('.terminal-box').click();
  await page.keyboard.type(`${line}\r`);
}
const records = async () =>
  (await readFile(`${site.stack.gateway.dataDir}/transcripts/${session}.jsonl`, 'utf8'))
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line));

const ann = await enter('ann');
const bob = await enter('bob', { width: 1100 });
let session;
let sun;
let guest;

test('ann has a session, and bob joins it', async () => {
  await ann.goto(`${site.url}/tickets`);
  await ann.locator('td a[href^="/tickets/"]').first().click();
  await button(ann, 'Ask for a remote session').click();
  await ann.getByLabel('Use a terminal').check();
  await ann.getByLabel('Run checks').check();
  await ann.getByLabel('Why? The owner reads this.').fill('Together');
  await button(ann, 'Ask the owner').click();
  await ann.getByLabel('Code from the owner').fill(await site.code());
  await button(ann, 'Send the code').click();
  await button(ann, 'Open the terminal').click({ timeout: WAIT_MS });
  session = /sessions\/([0-9a-f-]+)/.exec(ann.url())[1];
  await type(ann, 'echo first=$((6*7))');
  await shows(ann, 'first=42');
  await bob.goto(`${site.url}/sessions/${session}`);
  await shows(bob, 'first=42');
  await says(bob, 'You are watching. Only ann can type.');
  await ann.locator('.live-bar').getByText('1 person watches: bob').waitFor();
  await bob.locator('.live-bar').getByText('ann works').waitFor();
});

test('bob sees what is typed, in the size that the terminal has, and cannot type', async () => {
  await type(ann, 'stty size');
  const size = await until('the size', async () => /\n(\d+) (\d+)\n/.exec(await screen(ann)), WAIT_MS);
  await until('the same lines', async () => (await bob.locator('.xterm-rows > div').count()) === Number(size[1]), WAIT_MS);
  await ann.setViewportSize({ width: 1000, height: 760 });
  await type(ann, 'echo narr""ower; stty size');
  await shows(ann, 'narrower');
  const now = await until('the new size', async () => /narrower\n(\d+) (\d+)/.exec(await screen(ann)), WAIT_MS);
  assert.notEqual(now[2], size[2]);
  await shows(bob, `narrower\n${now[1]} ${now[2]}`);
  await type(bob, 'echo intru""der');
  await type(ann, 'echo aft""er');
  await shows(bob, 'after');
  assert.ok(!/intru/.test(await screen(ann)));
});

test('they chat', async () => {
  await side(bob, 'Chat').getByRole('textbox').fill('Look at the pump first');
  await bob.keyboard.press('Enter');
  await side(ann, 'Chat').getByText('Look at the pump first').waitFor();
  await side(ann, 'Chat').locator('li', { hasText: 'bob' }).waitFor();
  await side(ann, 'Chat').getByRole('textbox').fill('<b>好的</b>');
  await ann.keyboard.press('Enter');
  await side(bob, 'Chat').getByText('<b>好的</b>').waitFor();
});

test('the keyboard changes hands, by keyboard alone', async () => {
  await button(ann, 'Offer the keyboard to bob').focus();
  await ann.keyboard.press('Enter');
  await says(bob, 'The keyboard is offered to you.');
  await button(bob, 'Take the keyboard').focus();
  await bob.keyboard.press('Enter');
  await says(ann, 'You are watching. Only bob can type.');
  await type(bob, 'echo from b""ob');
  await shows(ann, 'from bob');
  await ann.locator('.live-bar').getByText('bob works').waitFor();
  await shoot(bob, 'room-bob', { fullPage: true });
  await button(bob, 'Offer the keyboard to ann').click();
  await button(ann, 'Take the keyboard').click();
  await type(ann, 'echo from a""nn');
  await shows(bob, 'from ann');
});

test('a moderator freezes it, and everybody sees that', async () => {
  sun = await enter('sun', { language: 'zh' });
  await sun.goto(`${site.url}/sessions/${session}`);
  await button(sun, '冻结').click();
  for (const page of [ann, bob]) await page.getByText('sun has frozen the session.').first().waitFor();
  await sun.getByText('已冻结。').first().waitFor();
  await type(ann, 'echo froz""en');
  await shoot(sun, 'room-frozen-zh', { fullPage: true });
  await button(sun, '继续').click();
  await ann.getByText('sun has frozen the session.').waitFor({ state: 'detached' });
  await type(ann, 'echo tha""wed');
  await shows(bob, 'thawed');
  assert.ok(!(await screen(ann)).includes('frozen'));
  assert.deepEqual(await findBarriers(ann), []);
  assert.deepEqual(await findBarriers(sun), []);
});

test('in a narrow window everything is there and nothing is cut off', async () => {
  await bob.setViewportSize({ width: 380, height: 800 });
  await side(bob, 'Chat').getByRole('textbox').scrollIntoViewIfNeeded();
  const over = await bob.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `the page is ${over} px too wide`);
  await shoot(bob, 'room-narrow', { fullPage: true });
  await bob.setViewportSize({ width: 1100, height: 900 });
});

test('somebody without a login comes by a link', async () => {
  await button(ann, 'Invite by a link').click();
  const dialog = ann.getByRole('dialog');
  await dialog.getByLabel('Who is it for?').fill('李雷');
  await dialog.getByLabel('See the terminal').check();
  await button(dialog, 'Make the link').click();
  const link = await dialog.getByLabel('Link', { exact: true }).inputValue();
  await shoot(ann, 'room-invite');
  await ann.keyboard.press('Escape');
  guest = await openPage(browser, { width: 420, height: 860, language: 'zh' });
  pages.push(guest);
  await guest.goto(link);
  assert.ok(!guest.url().includes('#'), 'the token is not left in the address');
  await button(guest, '进入').click();
  await guest.locator('h1', { hasText: 'machine-1' }).waitFor();
  await ann.locator('.live-bar').getByText('guest 李雷').waitFor();
  await type(ann, 'echo to the gu""est');
  await shows(guest, 'to the guest');
  await side(guest, '聊天').getByRole('textbox').fill('我在这里');
  await guest.keyboard.press('Enter');
  await side(ann, 'Chat').getByText('我在这里').waitFor();
  assert.deepEqual(await findBarriers(guest), []);
  await shoot(guest, 'room-guest', { fullPage: true });
  const thief = await openPage(browser);
  await thief.goto(link);
  await button(thief, 'Come in').click();
  await thief.getByText('This link does not work.').waitFor();
  await thief.context().close();
  await guest.reload();
  await button(guest, '进入').click();
  await side(guest, '聊天').waitFor();
});

// Two looks at the same video, a moment apart: is there a picture, and does it move?
async function moves(page, name) {
  const video = page.getByLabel(name, { exact: true });
  await video.waitFor();
  const look = () =>
    video.evaluate((element) => {
      if (element.videoWidth === 0) return undefined;
      const canvas = document.createElement('canvas');
      canvas.width = 160;
      canvas.height = 120;
      const context = canvas.getContext('2d');
      context.drawImage(element, 0, 0, 160, 120);
      return [...context.getImageData(0, 0, 160, 120).data];
    });
  const first = await until(`a picture of ${name}`, async () => {
    const pixels = await look();
    return pixels?.some((value, i) => i % 4 !== 3 && value > 40) && pixels;
  }, WAIT_MS);
  await until(`the picture of ${name} to move`, async () => (await look()).filter((value, i) => Math.abs(value - first[i]) > 30).length > 50, WAIT_MS);
}

test('the help call: both see the other’s moving picture', async () => {
  await button(ann, 'Join with camera').click();
  await guest.getByText('ann 在通话中。').waitFor();
  await button(guest, '视频加入').click();
  await moves(ann, 'Picture of guest 李雷');
  await moves(guest, 'ann 的画面');
  await shoot(ann, 'room-call', { fullPage: true });
  await shoot(guest, 'room-call-guest', { fullPage: true });
  // A third, who only listens, is called by nobody but calls both.
  await button(bob, 'Join with sound').click();
  await moves(bob, 'Picture of ann');
  await moves(bob, 'Picture of guest 李雷');
  await button(ann, 'Camera').click();
  await bob.getByLabel('Picture of ann', { exact: true }).waitFor({ state: 'detached' });
  await button(bob, 'Hang up').click();
  await button(guest, '挂断').click();
  await ann.getByText('You are in the call. Nobody else is yet.').waitFor();
});

test('the link is withdrawn: the guest is out', async () => {
  await side(ann, 'Invitations').getByRole('button', { name: 'Withdraw' }).click();
  await guest.getByText('您的邀请已被撤回。').waitFor();
  await ann.locator('.live-bar').getByText('guest 李雷').waitFor({ state: 'detached' });
  await guest.reload();
  await button(guest, '进入').click();
  await guest.getByText('此链接无效。').waitFor();
  await guest.context().close();
  pages.splice(pages.indexOf(guest), 1);
});

test('who was there, who typed, who was in the call and how long is in the recording', async () => {
  await button(ann, 'End session').click();
  await button(ann.getByRole('dialog'), 'End session').click();
  for (const page of [ann, bob]) await page.getByText('The engineer ended the session.').first().waitFor({ timeout: WAIT_MS });
  await sun.getByText('工程师结束了会话。').first().waitFor();
  const lines = await records();
  const notes = (method) => lines.filter(({ data }) => data?.method === method).map(({ data }) => data.params);
  const calls = notes('call.left');
  assert.deepEqual(calls.map(({ by }) => by).sort(), ['ann', 'bob', 'guest 李雷']);
  for (const { by, seconds, media } of calls) {
    assert.ok(seconds >= 0 && seconds < 600, `${by}: ${seconds} s`);
    assert.deepEqual(media, by === 'bob' ? ['audio'] : ['audio', 'video'], by);
  }
  assert.ok(!JSON.stringify(lines).includes('a=candidate'), 'no address of a browser is in it');
  const authors = new Set(lines.filter(({ dir, ch }) => dir === 'down' && ch === 1).map(({ by }) => by));
  assert.deepEqual([...authors].sort(), ['ann', 'bob']);
  const verdict = await site.stack.gateway.verify(`${site.stack.gateway.dataDir}/transcripts/${session}.jsonl`, '--ca', site.stack.pki.path('ca.crt'));
  assert.ok(verdict.ok, verdict.text);
});
