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
import { SLOW, TestStack, waitFor } from './stack.mjs';

const MB = 1024 * 1024;
const stack = await TestStack.start('files');
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const inbox = stack.place.path('inbox');
const logs = stack.place.path('logs');
await mkdir(inbox, { recursive: true });
await mkdir(`${logs}/old`, { recursive: true });
const firmware = await Firmware.on(stack, 'product-1', {
  owner: 'hook',
  model: 'field-product',
  agent: {
    session: { capabilities: 'observe,diagnose,files' },
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
