// What must end or be refused in a session that is live, beside what session_live, tokens, grant and consent show: the
// moderator leaves, the granted time is over, frames come for a channel that nobody opened, from either side.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { WebSocket } from '../../deploy/demo/client.mjs';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { Firmware } from './firmware.mjs';
import { ask, isAlive, openTicket, sessionProcesses, waitReport, waitState } from './service.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const MODERATOR_S = 3;
const seconds = 15 * SLOW;
const stack = await TestStack.start('refusals', { gateway: { settings: { sessions: { moderated: 'shell', moderator_grace: `${MODERATOR_S}s` } } } });
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const supervisor = await stack.as('supervisor');
const firmware = await Firmware.on(stack, 'product-1', { owner: 'hook', diagnostics: { sheet: '/bin/echo all is well' } });
const { product } = firmware;
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);
const state = (session) => session.of('session.state').at(-1);
const downs = async (id) => (await stack.gateway.recording(id, 'jsonl')).trimEnd().split('\n').slice(1).map((line) => JSON.parse(line)).filter(({ dir }) => dir === 'down');
const nothingLeft = (pids) => waitFor('the processes to be gone', async () => !(await Promise.all(pids.map(isAlive))).some(Boolean), { seconds, every: 20 });

// One minute is the shortest time that can be granted: it passes while the others run.
const short = await ask(engineer, ticket, ['observe'], { minutes: 1 });
await waitState(engineer, short.id, ['live']);
const begun = performance.now();
const shortSession = await ConsoleSession.join(engineer, short.id);

test('moderator left: frozen at once, ended after the grace, nothing reaches the product meanwhile', stack.guard(async () => {
  const { id } = await ask(engineer, ticket, ['shell', 'diagnose']);
  await waitState(engineer, id, ['live']);
  const ann = await ConsoleSession.join(engineer, id);
  await waitFor('to be told', () => state(ann)?.frozen === 'no_moderator', { seconds });
  await assert.rejects(ann.call('diagnose.run', { name: 'sheet' }), /frozen|moderator/, 'not before one is there');
  await assert.rejects(ann.call('session.thaw'), /.*/, 'who works cannot help himself');
  const moderator = await ConsoleSession.join(supervisor, id);
  await waitFor('it to go on', () => state(ann).frozen === '', { seconds });
  ann.notify('terminal.open', { cols: 80, rows: 24 });
  const shown = await ann.command('sleep 3599 & echo "pids=$$,$!"; echo "d""one"', /done/);
  const pids = /pids=(\d+),(\d+)/.exec(shown).slice(1).map(Number);
  const left = performance.now();
  await moderator.leave();
  await waitFor('everything to stand still', () => state(ann).frozen === 'no_moderator', { seconds: 2 * SLOW, every: 10 });
  ann.type('echo unse""en\r');
  await assert.rejects(ann.call('diagnose.run', { name: 'sheet' }), /frozen|moderator/);
  await ann.closed;
  const took_ms = performance.now() - left;
  assert.ok(took_ms >= MODERATOR_S * 1000 - 50, `it was given its time: ${took_ms} ms`);
  assert.ok(took_ms <= (MODERATOR_S + 3) * 1000 * SLOW, `and no more: ${took_ms} ms`);
  await nothingLeft(pids);
  await waitReport(engineer, ticket, id);
  assert.equal((await engineer.get(`/sessions/${id}`)).why, 'moderator_left');
  assert.ok(!/unseen/.test(ann.screen));
  assert.ok(!JSON.stringify(await downs(id)).includes('unse'));
}));

test('a moderator who comes back in time: it goes on', stack.guard(async () => {
  const { id } = await ask(engineer, ticket, ['shell']);
  await waitState(engineer, id, ['live']);
  const ann = await ConsoleSession.join(engineer, id);
  const first = await ConsoleSession.join(supervisor, id);
  await waitFor('it to begin', () => state(ann)?.frozen === '', { seconds });
  first.ws.terminate();
  await waitFor('everything to stand still', () => state(ann).frozen === 'no_moderator', { seconds });
  await ConsoleSession.join(supervisor, id);
  await waitFor('it to go on', () => state(ann).frozen === '', { seconds });
  ann.notify('terminal.open', { cols: 80, rows: 24 });
  await ann.command('echo go""es on', /goes on/);
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
}));

test('frames of the engineer for channels that nobody opened reach nobody', stack.guard(async () => {
  const { id } = await ask(engineer, ticket, ['diagnose']);
  await waitState(engineer, id, ['live']);
  const errors = (session) => session.of('session.error').map(({ code }) => code);
  for (const [what, bytes] of [
    ['a terminal that was not granted', [0x01, 0x6c, 0x73, 0x0d]],
    ['a secret, which the gateway decides', [0x02, ...Array(17).fill(0x41)]],
    ['a stream that was not opened', [0x03, 0, 7, 0x41]],
    ['a stream without a number', [0x03]],
    ['an acknowledgement, which is the product\'s', [0xfe, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['a channel that does not exist', [0x55, 0x41]],
    ['control as bytes', [0x00, 0x7b, 0x7d]],
    ['nothing', []],
  ]) {
    const ann = await ConsoleSession.join(engineer, id);
    await waitFor('it to be live', () => state(ann)?.state === 'live', { seconds });
    ann.ws.send(Buffer.from(bytes));
    await waitFor(`${what}: to be refused`, () => errors(ann).length > 0, { seconds });
    assert.equal((await ann.call('diagnose.run', { name: 'sheet' })).exit, 0, `${what}: the session goes on`);
    await ann.leave();
  }
  const last = await ConsoleSession.join(engineer, id);
  for (let i = 0; i < 20; i++) last.ws.send(Buffer.from([0x03, 0, 7, 0x41]));
  await last.closed;
  assert.ok(errors(last).length >= 19, 'who goes on doing it is closed');
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
  assert.deepEqual((await downs(id)).filter(({ channel }) => channel !== undefined && channel !== 0 && channel !== 'control'), [], 'nothing of it went down');
  assert.deepEqual(await sessionProcesses(product).then((pids) => pids.length), 1, 'but for the other session nothing is left');
}));

test('frames of a product for channels that nobody opened end its session', stack.guard(async () => {
  const device = await stack.wireDevice('loud-1');
  await device.drained(20 * SLOW);
  const mine = await openTicket(support, engineer, device.id);
  const identity = { cert: await readFile(stack.pki.path(`${device.id}.crt`)), key: await readFile(stack.pki.path(`${device.id}.key`)), ca: await stack.pki.read('ca.crt') };
  for (const [what, bytes] of [
    ['a terminal that nobody opened', [0x01, 0x41]],
    ['a secret, which goes down only', [0x02, ...Array(17).fill(0x41)]],
    ['a stream that nobody opened', [0x03, 0, 7, 0x41]],
    ['credit for a stream that nobody opened', [0xff, 0x03, 0, 7, 0, 0, 1, 0]],
    ['a channel that does not exist', [0x55, 0x41]],
  ]) {
    const asked = await ask(engineer, mine, ['diagnose']);
    const command = await waitFor('the command', () => device.commands.find(({ args }) => args.session === asked.id), { seconds });
    const consent = { method: 'hook', by: 'test', at_ms: Date.now(), until_ms: Date.now() + 600e3 };
    device.send('reply', { id: command.id, ok: true, result: { state: 'open', capabilities: ['diagnose'], consent } });
    await waitFor('the consent', async () => (await engineer.get(`/sessions/${asked.id}`)).consent, { seconds });
    const { url, token } = command.args;
    const ws = new WebSocket(url, 'fieldline.session.1', { ...identity, headers: { Authorization: `Bearer ${token}` }, perMessageDeflate: false });
    ws.on('error', () => {});
    await new Promise((resolve, reject) => ws.once('open', resolve).once('unexpected-response', reject));
    ws.send(JSON.stringify({ jsonrpc: '2.0', method: 'session.hello', params: { session: asked.id, agent: 'test', capabilities: ['diagnose'], consent, deadline_s: 600 } }));
    await waitState(engineer, asked.id, ['live']);
    const closed = new Promise((resolve) => ws.once('close', resolve));
    ws.send(Buffer.from(bytes));
    const row = await waitState(engineer, asked.id, ['ended']);
    assert.equal(row.why, 'product_protocol', what);
    await closed;
  }
}));

test('the granted time is over: the product ends it by itself, on the second', stack.guard(async () => {
  await shortSession.closed;
  const took_s = (performance.now() - begun) / 1000;
  assert.ok(took_s > 55 && took_s < 60 + 5 * SLOW, `after ${took_s} s`);
  await waitReport(engineer, ticket, short.id);
  const row = await engineer.get(`/sessions/${short.id}`);
  assert.equal(row.why, 'deadline');
  assert.equal(row.countersigned, true, 'it was the product that ended it');
  await assert.rejects(ConsoleSession.join(engineer, short.id));
  await waitFor('no session process', async () => (await sessionProcesses(product)).length === 0, { seconds });
}));
