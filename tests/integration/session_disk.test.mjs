// The disk under the recordings becomes full, or fails, in mid-session: what cannot be recorded is not relayed. The session ends at
// once with that reason on the screen, what was shown is in the record, which verifies, nothing runs on the product, and the next
// session is held as soon as there is room again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { Disk, EIO, ENOSPC } from './faults.mjs';
import { Firmware } from './firmware.mjs';
import { ask, isAlive, openTicket, sessionProcesses, waitState } from './service.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const stack = await TestStack.start('session_disk', { gateway: { settings: { sessions: { link_grace: '3s' } } } });
const transcripts = `${stack.gateway.dataDir}/transcripts`;
const disk = await Disk.below(transcripts, stack.place, 'transcripts');
await stack.gateway.process.stop(20);
stack.gateway.env = disk.env;
await stack.gateway.start();
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const { product } = await Firmware.on(stack, 'product-1', { owner: 'hook' });
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);

async function enter() {
  const asked = await ask(engineer, ticket, ['shell']);
  await waitState(engineer, asked.id, ['live']);
  const session = await ConsoleSession.join(engineer, asked.id);
  session.notify('terminal.open', { cols: 100, rows: 30, term: 'xterm-256color' });
  const shown = await session.command('echo "shell=$$"; sleep 3599 & echo "child=$!"; echo "d""one"', /done/);
  return { id: asked.id, session, pids: [/shell=(\d+)/.exec(shown)[1], /child=(\d+)/.exec(shown)[1]].map(Number) };
}

for (const [what, mode, argument, error] of [
  ['full at once', 'full', 0, EIO],
  ['full in the middle of a line', 'full', 20, EIO],
  ['failing one write', 'nthFails', 3, ENOSPC],
]) {
  test(`promise_36_the disk is ${what}: what is not stored reaches nobody, and the session ends`, stack.guard(async () => {
    const { id, session, pids } = await enter();
    session.type('i=0; while :; do i=$((i+1)); echo "tick $i ."; done\r');
    await waitFor('output', () => /tick 100 \./.test(session.screen), { seconds: 15 * SLOW });
    await disk.set(mode, argument, error);
    await session.closed;
    assert.ok((await disk.figures()).refused > 0, 'the disk did refuse something');
    const last = session.of('session.state').at(-1);
    assert.equal(last.reason, 'recording_failed');
    await waitFor('nothing to be left on the product', async () => !(await Promise.all(pids.map(isAlive))).some(Boolean), { seconds: 15 * SLOW });
    await disk.set('ok');
    const row = await waitState(engineer, id, ['ended'], 20);
    assert.equal(row.why, 'recording_failed');
    assert.equal(row.complete, false);
    const events = (await stack.gateway.recording(id, 'cast')).trimEnd().split('\n').slice(1).map((line) => JSON.parse(line));
    const recorded = events.filter(([, kind]) => kind === 'o').map(([, , text]) => text).join('');
    assert.ok(recorded.startsWith(session.screen), 'what was shown had been recorded');
  }));
}

test('with room again the next session is held, recorded and countersigned', stack.guard(async () => {
  const { id, session } = await enter();
  await session.command('echo a""gain', /again/);
  await engineer.post(`/sessions/${id}/end`, {});
  const row = await waitState(engineer, id, ['ended'], 20);
  assert.equal(row.complete, true);
  assert.equal(row.countersigned, true);
  await waitFor('no session process', async () => (await sessionProcesses(product)).length === 0, { seconds: 10 * SLOW });
}));

test('after a restart every one of these recordings is sealed, and verifies', stack.guard(async () => {
  await stack.gateway.process.stop(20);
  await stack.gateway.start();
  for (const { id } of (await engineer.get('/sessions')).items) {
    const verdict = await stack.gateway.verify(`${transcripts}/${id}.cast`, '--ca', stack.pki.path('ca.crt'));
    assert.ok(verdict.ok, `${id}: ${verdict.text}`);
  }
}));
