// Parameters of a product: set and confirmed, and taken back by the product itself whatever dies in between. The value on the
// product is the new one that was confirmed or the old one, and each change is reported once.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { ask, openTicket, sessionProcesses, waitState } from './service.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';
import { tunable } from './tunable.mjs';
import { Wire } from './wire.mjs';

const OLD = '-20 -10 low';
const wire = await Wire.lay();
const stack = await TestStack.start('configure', { gateway: { settings: { web: { session_url: `wss://localhost:${wire.port}` }, sessions: { link_grace: '3s' } } } });
wire.target = stack.gateway.ports.session;
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const machine = await tunable(stack, 'tunable-1');
const { product } = machine;
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);

async function enter(capabilities = ['configure']) {
  const asked = await ask(engineer, ticket, capabilities);
  await waitState(engineer, asked.id, ['live']);
  return { id: asked.id, session: await ConsoleSession.join(engineer, asked.id) };
}

async function leave(id) {
  await engineer.post(`/sessions/${id}/end`, {});
  return waitState(engineer, id, ['ended', 'failed']);
}

const set = (session, values, confirm_s = 60) => session.call('configure.set', { values, confirm_s });
/** What the agent reported of a change: one event, however often the machine died. */
const reports = async (change) => (await stack.rows(`SELECT line FROM event WHERE line LIKE '%${change}%'`)).map(({ line }) => line);
async function reported(change, pattern) {
  await waitFor(`the report of ${change}`, async () => (await reports(change)).length > 0, { seconds: 20 * SLOW });
  const lines = await reports(change);
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.match(lines[0], pattern);
}
const reset = async () => {
  for (const [name, value] of [['setpoint', -20], ['limit', -10], ['fan', 'low'], ['health', 0]]) await machine.put(name, value);
  await rm(`${machine.folder}/broken`, { force: true });
};

test('a change is set, read back, confirmed and reported once', stack.guard(async () => {
  const { id, session } = await enter();
  const list = await session.call('configure.list');
  assert.deepEqual(list.parameters.map(({ name, value }) => `${name}=${value}`), ['setpoint=-20', 'limit=-10', 'fan=low', 'serial=A-1']);
  assert.deepEqual(list.rules, ['limit > setpoint + 2']);
  const answer = await set(session, { setpoint: -22.5, fan: 'high' });
  assert.deepEqual(answer.before, { setpoint: -20, fan: 'low' });
  assert.deepEqual(answer.after, { setpoint: -22.5, fan: 'high' });
  assert.equal(await machine.values(), '-22.5 -10 high');
  await waitFor('word of its health', () => session.of('configure.health').some(({ change, is_good }) => change === answer.change && is_good), { seconds: 10 * SLOW });
  await assert.rejects(set(session, { setpoint: -23 }), /under way/);
  await session.call('configure.confirm', { change: answer.change });
  await machine.settled('-22.5 -10 high');
  await reported(answer.change, /parameters changed by engineer: setpoint -20 -> -22.5, fan low -> high/);
  await leave(id);
  assert.equal(await machine.values(), '-22.5 -10 high');
  await reset();
}));

test('what is out of bounds, breaks a rule or cannot be set changes nothing', stack.guard(async () => {
  const { id, session } = await enter();
  for (const [values, pattern, confirm_s] of [
    [{ setpoint: -31 }, /setpoint: -31 is below the least, -30/], // the pack is narrower than the product
    [{ setpoint: -20.3 }, /steps of 0.5/],
    [{ setpoint: '-22' }, /must be a number/],
    [{ fan: 'middle' }, /no choice, expected one of: low, high/],
    [{ serial: 'B-2' }, /can be read only/],
    [{ speed: 3 }, /no parameter 'speed'/],
    [{}, /at least one parameter/],
    [{ setpoint: -22 }, /'confirm_s' is 601, expected 1 to 600/, 601],
    [{ setpoint: -22 }, /'confirm_s'/, 0],
    [{ setpoint: -20, limit: -19 }, /'limit > setpoint \+ 2' does not hold/], // the pack's rule, both are there
    [{ limit: -18 }, /'limit > setpoint \+ 2' does not hold: limit is -18, the other side -18/], // the product knows the other
    [{ setpoint: -20 }, /has these values already/],
  ]) {
    await assert.rejects(set(session, values, confirm_s), pattern, JSON.stringify(values));
    assert.equal(await machine.values(), OLD);
  }
  await assert.rejects(session.call('configure.confirm', { change: '11111111-1111-4111-8111-111111111111' }), /no such change/);
  await assert.rejects(session.call('configure.confirm', { change: 'x' }), /no UUID/);
  // The second of two cannot be set: the first is put back.
  await machine.put('broken', '');
  await assert.rejects(set(session, { setpoint: -22, fan: 'high' }), /fan: .*the fan does not answer/);
  await rm(`${machine.folder}/broken`);
  await machine.settled(OLD);
  await leave(id);
}));

test('off unless granted', stack.guard(async () => {
  const { id, session } = await enter(['observe']);
  await assert.rejects(set(session, { setpoint: -22 }), /'configure' was not granted/);
  await assert.rejects(session.call('configure.list'), /'configure' was not granted/);
  await leave(id);
  assert.equal(await machine.values(), OLD);
}));

test('not confirmed in time: the product takes it back', stack.guard(async () => {
  const { id, session } = await enter();
  const { change } = await set(session, { setpoint: -22, fan: 'high' }, 1);
  await waitFor('configure.reverted', () => session.of('configure.reverted').length > 0, { seconds: 15 * SLOW });
  assert.deepEqual(session.of('configure.reverted')[0], { change, why: 'timeout', values: { setpoint: -20, fan: 'low' } });
  await machine.settled(OLD);
  await assert.rejects(session.call('configure.confirm', { change }), /no such change/);
  await reported(change, /put back \(timeout\): setpoint -22 -> -20, fan high -> low/);
  await leave(id);
}));

test('the engineer takes it back, or the product is not well', stack.guard(async () => {
  const { id, session } = await enter();
  const first = await set(session, { setpoint: -22 });
  assert.deepEqual(await session.call('configure.revert', { change: first.change }), { values: { setpoint: -20 } });
  await machine.settled(OLD);
  const second = await set(session, { setpoint: -23 });
  await machine.put('health', 1);
  await waitFor('configure.reverted', () => session.of('configure.reverted').some(({ change, why }) => change === second.change && why === 'unhealthy'), { seconds: 15 * SLOW });
  assert.ok(session.of('configure.health').some(({ is_good, text }) => !is_good && /health is 1/.test(text)));
  await machine.settled(OLD);
  await machine.put('health', 0);
  await reported(second.change, /put back \(unhealthy\)/);
  await leave(id);
}));

test('the session ends before the confirmation: taken back, before its last word', stack.guard(async () => {
  const { id, session } = await enter();
  const { change } = await set(session, { setpoint: -22, fan: 'high' });
  await leave(id);
  assert.equal(await machine.values(), OLD, 'the old values were back when the session was over');
  assert.equal(session.of('configure.reverted')[0].why, 'session_ended');
  await machine.settled(OLD);
  await reported(change, /put back \(session_ended\)/);
}));

test('promise_58_the session process is killed while a change waits', stack.guard(async () => {
  const { id, session } = await enter();
  const { change } = await set(session, { setpoint: -22, fan: 'high' });
  for (const pid of await sessionProcesses(product)) process.kill(pid, 'SIGKILL');
  await machine.settled(OLD);
  await reported(change, /put back \(session_gone\)/);
  await waitState(engineer, id, ['ended', 'failed'], 60);
}));

test('killed at each step of a change: old or confirmed, never half', stack.guard(async () => {
  for (const [step, values] of [['read', { setpoint: -22, fan: 'high' }], ['write', { setpoint: -22, fan: 'high' }], ['written', { setpoint: -22, fan: 'high' }], ['written', { fan: 'high', setpoint: -22 }], ['health', { setpoint: -22, fan: 'high' }]]) {
    const { id, session } = await enter();
    await machine.put(`stop-at-${step}`, '');
    set(session, values).catch(() => {}); // nobody is left to answer it
    await waitFor(`the session to die at '${step}'`, async () => (await sessionProcesses(product)).length === 0, { seconds: 20 * SLOW });
    await machine.settled(OLD);
    await waitState(engineer, id, ['ended', 'failed'], 30); // the gateway waits for the product to come back
  }
}));

test('promise_58_the agent is killed too: its next start takes it back first', stack.guard(async () => {
  const { id, session } = await enter();
  const { change } = await set(session, { setpoint: -22, fan: 'high' }, 300);
  const pids = await sessionProcesses(product);
  await product.process.kill();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  assert.equal(await machine.values(), '-22 -10 high');
  await product.startAgent();
  await machine.settled(OLD);
  await reported(change, /put back \(session_gone\)/);
  await waitState(engineer, id, ['ended', 'failed'], 60);
  await product.waitOnline(support, 20 * SLOW);
}));

test('a restart of the agent alone does not disturb a change', stack.guard(async () => {
  const { id, session } = await enter();
  const { change } = await set(session, { setpoint: -22 }, 300);
  await product.process.kill();
  await product.startAgent();
  await product.waitOnline(support, 20 * SLOW);
  await session.call('configure.confirm', { change });
  await machine.settled('-22 -10 low');
  await reported(change, /parameters changed by engineer/);
  for (const pid of await sessionProcesses(product)) process.kill(pid, 'SIGTERM');
  await waitState(engineer, id, ['ended', 'failed'], 60);
  await reset();
}));

test('what cannot be put back is tried again, with a fault code until it is', stack.guard(async () => {
  const { id, session } = await enter();
  const { change } = await set(session, { fan: 'high' });
  await machine.put('broken', '');
  for (const pid of await sessionProcesses(product)) process.kill(pid, 'SIGKILL');
  const faults = () => stack.rows("SELECT * FROM event WHERE code = 'FL-PARAM-REVERT' ORDER BY id");
  await waitFor('the fault code', async () => (await faults()).length > 0, { seconds: 20 * SLOW });
  assert.equal(await machine.value('fan'), 'high');
  await rm(`${machine.folder}/broken`);
  await machine.settled(OLD, 40);
  await reported(change, /put back/);
  await waitFor('the code to be gone', async () => (await faults()).length === 2, { seconds: 20 * SLOW });
  await waitState(engineer, id, ['ended', 'failed'], 60);
}));

test('the link breaks while a change waits, and comes back: it waits on, and can be confirmed', stack.guard(async () => {
  const { id, session } = await enter();
  const { change } = await set(session, { setpoint: -23 });
  wire.cut();
  await waitFor('the product to be missed', () => session.of('session.state').at(-1).product_away, { seconds: 10 * SLOW });
  await waitFor('the product to come back', () => !session.of('session.state').at(-1).product_away, { seconds: 10 * SLOW });
  assert.equal(await machine.values(), '-23 -10 low');
  await session.call('configure.confirm', { change });
  await reported(change, /parameters changed by engineer: setpoint -20 -> -23/);
  await leave(id);
  assert.equal(await machine.values(), '-23 -10 low');
  await reset();
}));

test('the link breaks while a change waits, and does not come back: the product takes it back', stack.guard(async () => {
  const { id, session } = await enter();
  const { change } = await set(session, { setpoint: -23 });
  wire.isDown = true;
  wire.cut();
  await machine.settled(OLD);
  await reported(change, /put back/);
  await waitFor('no session process', async () => (await sessionProcesses(product)).length === 0, { seconds: 15 * SLOW });
  wire.isDown = false;
  assert.equal((await waitState(engineer, id, ['ended'], 20)).why, 'agent_gone');
}));
