// The product's way into a session: a one-time token, bound to device and session, for a short time. Here a device of our own
// answers `session.open` and then knocks in every wrong way; only the right one is let in, once.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from '../../deploy/demo/client.mjs';
import { ask, openTicket, waitState } from './service.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const WAIT_S = 5; // for the owner; the product then has a minute to dial in
const stack = await TestStack.start('tokens', { gateway: { settings: { sessions: { consent_wait: `${WAIT_S}s` } } } });
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const device = await stack.wireDevice('dials-in');
await stack.pki.device('somebody-else');
await device.drained(20 * SLOW);
const ticket = await openTicket(support, engineer, device.id);

/** Asks for a session and consents as the product does; the command's arguments. */
async function consented() {
  const asked = await ask(engineer, ticket, ['observe', 'shell']);
  const command = await waitFor('the command', () => device.commands.find(({ verb, args }) => verb === 'session.open' && args.session === asked.id), { seconds: 15 * SLOW });
  const at = Date.now();
  device.send('reply', {
    id: command.id, ok: true,
    result: { state: 'open', capabilities: ['observe', 'shell'], consent: { method: 'hook', by: 'test', at_ms: at, until_ms: at + 600e3 } },
  });
  await waitFor('the consent to be known', async () => (await engineer.get(`/sessions/${asked.id}`)).consent, { seconds: 15 * SLOW });
  return command.args;
}

/** Knocks; 'in' or the HTTP status of the refusal, or the reason why there was no answer. */
async function knock({ url, token }, { certificate = device.id, protocol = 'fieldline.session.1', path } = {}) {
  const identity = certificate && { cert: await readFile(stack.pki.path(`${certificate}.crt`)), key: await readFile(stack.pki.path(`${certificate}.key`)) };
  const target = path ? new URL(path, url).href : url;
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const ws = new WebSocket(target, protocol, { ca: await stack.pki.read('ca.crt'), ...identity, headers, perMessageDeflate: false });
  const outcome = await new Promise((resolve) => {
    ws.once('open', () => resolve('in'));
    ws.once('unexpected-response', (_, response) => resolve(response.statusCode));
    ws.once('error', (error) => resolve(error.code ?? error.message));
  });
  ws.on('error', () => {});
  if (outcome !== 'in') ws.terminate();
  return { outcome, ws };
}

const hello = (session) => JSON.stringify({
  jsonrpc: '2.0', method: 'session.hello',
  params: { session, agent: 'test', capabilities: ['observe', 'shell'], consent: { method: 'hook', by: 'test', at_ms: Date.now(), until_ms: Date.now() + 600e3 }, deadline_s: 600 },
});

const late = consented(); // its token is left to expire while the other tests run
const lateBegun = late.then(() => performance.now());
const first = late.then(() => consented());

test('the command names who, why and where, and a token that is no guess', stack.guard(async () => {
  const args = await first;
  assert.equal(args.engineer, 'engineer');
  assert.equal(args.reason, 'look for the noise');
  assert.equal(args.ticket, ticket.id);
  assert.match(args.token, /^[\w-]{43}$/);
  assert.match(args.url, /^wss:\/\/.*\/session\/v1$/);
  assert.notEqual(args.token, (await late).token);
}));

test('wrong ways in are refused', stack.guard(async () => {
  const args = await first;
  const wrongToken = { ...args, token: `${args.token.slice(0, -1)}${args.token.endsWith('A') ? 'B' : 'A'}` };
  for (const [what, how] of [
    ['no token', knock({ url: args.url })],
    ['another token', knock(wrongToken)],
    ['half a token', knock({ ...args, token: args.token.slice(0, 20) })],
    ['another product with this token', knock(args, { certificate: 'somebody-else' })],
    ['no certificate', knock(args, { certificate: null })],
    ['a server\'s certificate', knock(args, { certificate: 'web' })],
    ['the gateway\'s certificate', knock(args, { certificate: 'gateway' })],
    ['another subprotocol', knock(args, { protocol: 'fieldline.live.1' })],
    ['another path', knock(args, { path: '/session/v2' })],
  ]) {
    const { outcome } = await how;
    assert.notEqual(outcome, 'in', what);
  }
  assert.equal((await engineer.get(`/sessions/${args.session}`)).state, 'asking', 'and the session still waits');
}));

test('the right way in is taken once, and not again', stack.guard(async () => {
  const args = await first;
  const { outcome, ws } = await knock(args);
  assert.equal(outcome, 'in');
  const again = await knock(args);
  assert.notEqual(again.outcome, 'in', 'the same token while the session runs');
  ws.send(hello(args.session));
  await waitState(engineer, args.session, ['live']);
  ws.terminate();
  const over = await waitState(engineer, args.session, ['ended', 'failed']);
  assert.equal(over.why, 'agent_gone');
  assert.equal(over.countersigned, false);
  assert.notEqual((await knock(args)).outcome, 'in', 'and after it');
}));

test('a product that breaks the protocol ends its session', stack.guard(async () => {
  for (const [what, message] of [
    ['says hello for another session', hello('7c7a2d7e-53f7-4d0b-9d6b-0d7f5a1a2b3c')],
    ['says no hello', JSON.stringify({ jsonrpc: '2.0', method: 'observe.log', params: {} })],
    ['says nonsense', 'nonsense'],
    ['says bytes first', Buffer.from([1, 65])],
  ]) {
    const args = await consented();
    const { outcome, ws } = await knock(args);
    assert.equal(outcome, 'in', what);
    ws.send(message);
    const over = await waitState(engineer, args.session, ['ended', 'failed'], 20);
    assert.equal(over.why, 'product_protocol', what);
    ws.terminate();
  }
}));

test('an owner cannot be made to consent to more than was asked', stack.guard(async () => {
  const asked = await ask(engineer, ticket, ['observe']);
  const command = await waitFor('the command', () => device.commands.find(({ args }) => args.session === asked.id), { seconds: 15 * SLOW });
  device.send('reply', {
    id: command.id, ok: true,
    result: { state: 'open', capabilities: ['observe', 'shell'], consent: { method: 'hook', by: 'test', at_ms: Date.now(), until_ms: Date.now() + 1e6 } },
  });
  const session = await waitFor('the answer to be taken or refused', async () => {
    const one = await engineer.get(`/sessions/${asked.id}`);
    return (one.consent || one.state !== 'asking') && one;
  }, { seconds: 15 * SLOW });
  assert.ok(!session.capabilities.includes('shell'));
  await engineer.post(`/sessions/${asked.id}/end`, {}).catch(() => {});
}));

test('a token that was not used in time is worth nothing', stack.guard(async () => {
  const args = await late;
  await sleep(Math.max(0, (WAIT_S + 63) * 1000 - (performance.now() - (await lateBegun))));
  assert.notEqual((await knock(args)).outcome, 'in');
  const session = await waitState(engineer, args.session, ['failed', 'denied']);
  assert.match(session.why, /no_product|expired|timed_out/);
}));
