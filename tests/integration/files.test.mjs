// Files of a product in a session: up and down with sums, on after a break, and everything that must be refused. The real
// broker, gateway, agent and session process; promise 44.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { FileStreams, sha256 } from './file_streams.mjs';
import { Firmware } from './firmware.mjs';
import { ask, openTicket, waitReport, waitState } from './service.mjs';
import { Disk } from './faults.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const MB = 1024 * 1024;
const stack = await TestStack.start('files');
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const inbox = stack.place.path('inbox');
const logs = stack.place.path('logs');
await mkdir(inbox, { recursive: true });
await mkdir(`${logs}/old`, { recursive: true });
// The session process starts with an environment of its own, so its disk that misbehaves comes in by a script.
const disk = await Disk.below(inbox, stack.place, 'session');
const program = stack.place.path('session-with-disk');
const env = Object.entries(disk.env).map(([name, value]) => `${name}='${value}'`).join(' ');
await writeFile(program, `#!/bin/sh\n${env} exec '${stack.place.program('fieldline-session')}'\n`, { mode: 0o755 });
const firmware = await Firmware.on(stack, 'product-1', {
  owner: 'hook',
  model: 'field-product',
  agent: {
    session: { capabilities: 'observe,diagnose,files', program },
    'files inbox': { path: inbox, may_read: 'yes', may_write: 'yes', max_bytes: '32MiB', total: '400MiB', mode: '0600' },
    'files logs': { path: logs, may_read: 'yes', total: '2MiB' },
    'files slow': { path: logs, may_read: 'yes', rate: '200KiB' },
  },
});
const { product } = firmware;
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);

async function enter(capabilities = ['files']) {
  const asked = await ask(engineer, ticket, capabilities);
  await waitState(engineer, asked.id, ['live']);
  const session = await ConsoleSession.join(engineer, asked.id);
  await waitFor('the session to be live', () => session.of('session.state').some(({ state }) => state === 'live'), { seconds: 10 * SLOW });
  return { id: asked.id, session, files: new FileStreams(session) };
}

async function leave(id) {
  await engineer.post(`/sessions/${id}/end`, {});
  const detail = await waitReport(engineer, ticket, id);
  const verdict = await stack.gateway.verify(`${stack.gateway.dataDir}/transcripts/${id}.cast`, '--key', `${stack.gateway.dataDir}/seal.pub`, '--ca', stack.pki.path('ca.crt'));
  assert.ok(verdict.ok, verdict.text);
  return detail;
}

const parts = async (folder) => (await readdir(folder)).filter((name) => name.startsWith('.fieldline-part-'));

test('20 MB up and down: the same bytes, the same sum on both ends, and the record knows name, size and sum', stack.guard(async () => {
  const { id, session, files } = await enter();
  const bytes = randomBytes(20 * MB);
  const up = await files.store('inbox', 'firmware.bin', bytes);
  assert.equal(up.reason, 'done');
  assert.equal(up.sha256, sha256(bytes));
  assert.deepEqual(await readFile(`${inbox}/firmware.bin`), bytes);
  assert.equal((await stat(`${inbox}/firmware.bin`)).mode & 0o777, 0o600);
  const down = await files.fetch('inbox', 'firmware.bin');
  assert.equal(down.reason, 'done');
  assert.equal(down.sha256, sha256(bytes));
  assert.ok(bytes.equals(down.bytes));
  const list = await session.call('file.list', { root: 'inbox', path: '' });
  assert.deepEqual(list.entries.map(({ name, kind, size }) => [name, kind, size]), [['firmware.bin', 'file', 20 * MB]]);
  await leave(id);
  const record = await readFile(`${stack.gateway.dataDir}/transcripts/${id}.jsonl`, 'utf8');
  for (const word of ['"file.put"', 'firmware.bin', String(20 * MB), sha256(bytes)]) assert.ok(record.includes(word), word);
  assert.ok(record.length < 20 * MB, 'the bytes themselves are not in the record');
}));

test('an upload and a download that break in the middle go on where they stood, in the same session', stack.guard(async () => {
  const { id, session, files } = await enter();
  const bytes = randomBytes(6 * MB);
  const broken = await files.put('inbox', 'broken.bin', bytes, { until: 3 * MB, finishes: false });
  await files.waitSent(broken, 3 * MB);
  assert.equal((await parts(inbox)).length, 1, 'it waits under a hidden name');
  await assert.rejects(session.call('file.get', { stream: 900, root: 'inbox', path: (await parts(inbox))[0] }), /unfinished upload/);
  session.ws.terminate();

  const again = await ConsoleSession.join(engineer, id);
  const rest = new FileStreams(again, 1000);
  const up = await rest.put('inbox', 'broken.bin', bytes, { offset: 3 * MB });
  assert.ok(up.answer.offset > 2 * MB && up.answer.offset <= 3 * MB, `it goes on at ${up.answer.offset}`);
  assert.equal((await up.done).reason, 'done');
  assert.deepEqual(await readFile(`${inbox}/broken.bin`), bytes);

  const half = await rest.get('inbox', 'broken.bin', { gate: (count) => count < 2 * MB });
  await waitFor('half of it', () => half.count >= 2 * MB, { seconds: 20 * SLOW, every: 10 });
  again.ws.terminate();
  const third = await ConsoleSession.join(engineer, id);
  const last = new FileStreams(third, 2000);
  const { size, mtime_ms } = half.answer;
  const down = await last.fetch('inbox', 'broken.bin', { offset: half.count, size, mtime_ms });
  assert.equal(down.reason, 'done');
  assert.equal(down.sha256, sha256(bytes), 'the sum is of the whole file');
  assert.ok(Buffer.concat([...half.pieces, down.bytes]).equals(bytes));
  await assert.rejects(last.get('inbox', 'broken.bin', { offset: 1, size, mtime_ms: mtime_ms + 1 }), /changed/);

  // An upload that nobody finishes does not outlive its session.
  const orphan = await last.put('inbox', 'orphan.bin', bytes, { until: MB, finishes: false });
  await last.waitSent(orphan, MB);
  assert.equal((await parts(inbox)).length, 1);
  await leave(id);
  await waitFor('the part to be gone', async () => (await parts(inbox)).length === 0, { seconds: 10 * SLOW });
}));

test('promise_44_nothing_outside_of_a_root_is_reachable', stack.guard(async () => {
  const secret = stack.place.path('secret.txt');
  await writeFile(secret, 'secret');
  await symlink(secret, `${logs}/link.txt`);
  await symlink('/', `${logs}/slash`);
  await writeFile(`${logs}/app.log`, 'all is well\n');
  const { id, session, files } = await enter();
  const rows = [
    ['../secret.txt', /stay below/],
    ['old/../../secret.txt', /stay below/],
    [secret, /relative/],
    ['', /relative/],
    ['link.txt', /symbolic link/],
    ['slash/etc/passwd', /symbolic link/],
    ['old', /no regular file/],
    ['old/', /empty component/],
    ['./app.log', /'\.'/],
    ['a\nb', /control character/],
    ['missing.log', /not there/],
    ['x'.repeat(300), /more than 255/],
    ['x/'.repeat(600) + 'y', /path/],
  ];
  for (const [path, says] of rows) {
    await assert.rejects(files.get('logs', path), says, `get ${JSON.stringify(path.slice(0, 40))}`);
  }
  session.notify('file.list', { root: 'logs', path: 'a\0b' });
  await waitFor('NUL to be refused', () => session.of('session.error').some(({ text }) => /U\+0000/.test(text)), { seconds: 10 * SLOW });
  await assert.rejects(session.call('file.list', { root: 'logs', path: 'slash' }), /symbolic link/);
  await assert.rejects(session.call('file.list', { root: 'logs', path: '..' }), /stay below/);
  await assert.rejects(files.get('etc', 'passwd'), /no files under/);
  await assert.rejects(files.put('logs', 'new.txt', Buffer.from('x')), /allows nobody to write/);
  await assert.rejects(files.put('inbox', '../new.txt', Buffer.from('x')), /stay below/);
  await symlink(stack.place.path('outside'), `${inbox}/out`);
  await assert.rejects(files.put('inbox', 'out', Buffer.from('x')), /no regular file/);
  await assert.rejects(files.put('inbox', 'out/x', Buffer.from('x')), /symbolic link|not there/);
  const { entries } = await session.call('file.list', { root: 'logs', path: '' });
  assert.deepEqual(entries.map(({ name, kind }) => [name, kind]), [['app.log', 'file'], ['link.txt', 'link'], ['old', 'folder'], ['slash', 'link']]);
  assert.equal(String((await files.fetch('logs', 'app.log')).bytes), 'all is well\n');
  await leave(id);
}));

test('what is there is not overwritten, and what arrives wrong is not kept', stack.guard(async () => {
  const { id, files } = await enter();
  await files.store('inbox', 'note.txt', Buffer.from('first'));
  await assert.rejects(files.put('inbox', 'note.txt', Buffer.from('second')), /there already/);
  assert.equal((await files.store('inbox', 'note.txt', Buffer.from('second'), { replace: true })).reason, 'done');
  assert.equal(await readFile(`${inbox}/note.txt`, 'utf8'), 'second');
  const wrong = await files.store('inbox', 'wrong.bin', Buffer.from('abc'), { sum: sha256(Buffer.from('abd')) });
  assert.equal(wrong.reason, 'changed');
  const short = await files.store('inbox', 'short.bin', Buffer.from('abc'), { until: 2 });
  assert.equal(short.reason, 'changed');
  assert.deepEqual((await readdir(inbox)).filter((name) => /wrong|short|part/.test(name)), []);
  await leave(id);
}));

test('promise_44_sizes_totals_and_rates_are_kept', stack.guard(async () => {
  await writeFile(`${logs}/big.bin`, '');
  await truncate(`${logs}/big.bin`, 1.5 * MB);
  await truncate(`${logs}/app.log`, 12);
  const { id, session, files } = await enter();
  await assert.rejects(files.put('inbox', 'huge.bin', Buffer.alloc(1), { size: 33 * MB }), /allows 33554432/);
  await assert.rejects(files.put('inbox', 'huge.bin', Buffer.alloc(1), { size: 2 ** 50 }), /size/);
  assert.equal((await files.fetch('logs', 'big.bin')).reason, 'done');
  await assert.rejects(files.get('logs', 'big.bin'), /may move 524288 more/);
  const { roots } = await session.call('file.roots', {});
  assert.deepEqual(roots.find(({ name }) => name === 'logs'), { name: 'logs', may_read: true, may_write: false, limit: 64 * MB, left: 524288 });
  const begun = Date.now();
  assert.equal((await files.fetch('slow', 'big.bin')).reason, 'done');
  const seconds = (Date.now() - begun) / 1000;
  assert.ok(seconds > 1.5 / 0.2 * 0.85, `1.5 MB at 200 KiB/s took ${seconds} s`);
  await leave(id);
}));

test('a disk that fills up ends the upload and keeps nothing of it', stack.guard(async () => {
  const { id, session, files } = await enter();
  await disk.set('full', 2 * MB);
  assert.equal((await files.store('inbox', 'full.bin', randomBytes(5 * MB))).reason, 'full');
  await disk.set('ok');
  assert.deepEqual((await readdir(inbox)).filter((name) => /full|part/.test(name)), []);
  assert.equal((await files.store('inbox', 'full.bin', randomBytes(5 * MB))).reason, 'done');
  assert.ok(session.ws.readyState === 1, 'the session goes on');
  await leave(id);
}));

test('promise_44_off_unless_configured_and_granted', stack.guard(async () => {
  const { id, files, session } = await enter(['observe']);
  await assert.rejects(session.call('file.roots', {}), /not granted|denied/);
  await assert.rejects(files.get('logs', 'app.log'), /not granted|denied/);
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
  const bare = await Firmware.on(stack, 'product-2', { owner: 'hook', model: 'field-product' });
  await bare.product.answers([]);
  await bare.product.waitOnline(support, 20 * SLOW);
  const other = await openTicket(support, engineer, 'product-2');
  await assert.rejects(async () => {
    const asked = await ask(engineer, other, ['files']);
    const row = await waitState(engineer, asked.id, ['denied', 'failed', 'live']);
    throw new Error(row.why);
  }, /does not allow|off_on_product/);
}));
