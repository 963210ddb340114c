// Files in a session: looked at, down and up with a checksum on both ends, on after the connection broke; and checks with a form.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { button, says, until, withConsole } from './console_test.mjs';
import { SESSION_LIVE } from './fake-data.mjs';

const LIVE = { path: '/login' };
const BYTES = randomBytes(300_000);

async function open({ fake, page, visit }) {
  const session = fake.data.sessions.find(({ id }) => id === SESSION_LIVE);
  session.capabilities = ['observe', 'diagnose', 'files'];
  fake.data.files = new Map([['app.log', BYTES]]);
  await visit(`/sessions/${SESSION_LIVE}`);
  await page.getByRole('tab', { name: /^(Files|文件)$/ }).click();
}
const files_card = (page) => page.locator('section', { has: page.getByRole('heading', { name: 'Files' }) });

function withFiles(body, more = {}) {
  return withConsole({ ...LIVE, ...more }, async (given) => {
    await open(given);
    await body({ ...given, card: files_card(given.page) });
  });
}

test(
  'a file is downloaded whole, and its checksum is shown',
  withFiles(async ({ page, card }) => {
    await card.getByText('app.log').first().waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), card.getByRole('button', { name: 'Download app.log' }).click()]);
    assert.ok((await readFile(await download.path())).equals(BYTES));
    await says(page, 'Done. Both ends have the same checksum.');
    await card.getByText(/SHA-256 [0-9a-f]{64}/).waitFor();
  }),
);

test(
  'a download whose checksum differs is not kept',
  withFiles(async ({ page, fake, card }) => {
    fake.data.files.lies = true;
    await card.getByRole('button', { name: 'Download app.log' }).click();
    await says(page, 'The file changed on the way, so it was not kept.');
  }),
);

async function upload(page, card, name, bytes) {
  await card.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: bytes });
  await button(page, 'Upload').click();
}

test(
  'a file is uploaded; the same name only when it may be replaced',
  withFiles(async ({ page, fake, card }) => {
    await upload(page, card, 'new.bin', BYTES);
    await says(page, 'Done. Both ends have the same checksum.');
    assert.ok(fake.data.files.get('new.bin').equals(BYTES));
    await upload(page, card, 'new.bin', Buffer.from('other'));
    await says(page, 'is there already; ask to replace it');
    await card.getByLabel('Replace a file of the same name').check();
    await upload(page, card, 'new.bin', Buffer.from('other'));
    await until('the new one', () => String(fake.data.files.get('new.bin')) === 'other');
  }),
);

test(
  'an upload goes on after the connection broke',
  withFiles(async ({ page, fake, card }) => {
    fake.data.files.breaksAt = 150_000;
    await upload(page, card, 'long.bin', BYTES);
    await says(page, 'Done. Both ends have the same checksum.');
    assert.ok(fake.data.files.resumed > 100_000, `it went on at ${fake.data.files.resumed}`);
    assert.ok(fake.data.files.get('long.bin').equals(BYTES));
  }),
);

test(
  'a full disk says what to do',
  withFiles(async ({ page, fake, card }) => {
    fake.data.files.isFull = true;
    await upload(page, card, 'x.bin', Buffer.from('x'));
    await says(page, 'The product’s disk is full. Make room on it and try again.');
  }),
);

test(
  'a check with arguments has a form; it can be stopped',
  withFiles(async ({ page, fake }) => {
    await page.getByRole('tab', { name: 'Checks' }).click();
    const form = page.getByRole('form', { name: 'Reach a host' });
    await form.getByLabel('host').fill('pump.example');
    await form.getByLabel('count').fill('2');
    await form.getByRole('button', { name: 'Run' }).click();
    await page.locator('pre', { hasText: 'reaching pump.example' }).waitFor();
    await button(page, 'Stop').click();
    await says(page, 'stopped');
    assert.deepEqual(fake.legs.at(-1).ran, { name: 'reach', args: { host: 'pump.example', count: '2' } });
  }),
);

test(
  'in Chinese, in a narrow window',
  withConsole({ ...LIVE, width: 390, height: 844, language: 'zh' }, async (given) => {
    await open(given);
    await given.page.getByRole('heading', { name: '文件' }).waitFor();
    await given.page.getByRole('button', { name: '下载 app.log' }).waitFor();
    const wide = await given.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `the page is ${wide} px wider than the window`);
  }),
);
