// The owner has the last word, whoever carries it: the owner's page as a phone uses it, a gateway's rows that somebody has
// changed, the stop button without a gateway, and what is left when an agent or a session process is killed.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { run } from '../../deploy/demo/process.mjs';
import { Firmware } from './firmware.mjs';
import { Phone } from './phone.mjs';
import { ask, isAlive, openTicket, sessionProcesses, waitState } from './service.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const stack = await TestStack.start('owner');
const owned = (id) =>
  Firmware.on(stack, id, {
    agent: { session: { consent: 'page', owner_page: 'yes', owner_url: `${stack.gateway.origin}/owner/`, consent_windows: 'yes', wait: '30s' } },
  });
const { product } = await owned('owned-1');
const { product: other } = await owned('owned-2');
let support = await stack.as('support');
let engineer = await stack.as('engineer');
for (const one of [product, other]) await one.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);
const agent = (one, ...words) => run(one.place.program('fieldline-agent'), [...words, '-c', one.config], { cwd: one.folder, allowFailure: true });
const linkOf = async (one) => (await agent(one, 'owner-link')).stdout.trim();
const phone = await Phone.make(support, product.id, 'Li Wei');
const stranger = await Phone.make(support, product.id, 'Mallory');
const signPath = `${product.folder}/run/session-active`;
const signIsOff = () => waitFor('the sign to go off', () => !existsSync(signPath), { seconds: 5 * SLOW, every: 20 });

/** A session with a shell in which something runs that does not want to go. */
async function live() {
  const asked = await ask(engineer, ticket, ['observe', 'shell']);
  const { state } = await phone.answer(await phone.question(asked.id), { capabilities: 'observe,shell', minutes: 10 });
  assert.equal(state, 'done');
  await waitState(engineer, asked.id, ['live']);
  const console_ = await ConsoleSession.join(engineer, asked.id);
  console_.notify('terminal.open', { cols: 80, rows: 24 });
  const shown = await console_.command('trap "" HUP TERM; echo "shell=$$"; sleep 3599 & echo "child=$!"; echo "d""one"', /done/);
  const pids = [Number(/shell=(\d+)/.exec(shown)[1]), Number(/child=(\d+)/.exec(shown)[1])];
  return { id: asked.id, pids: [...pids, ...(await sessionProcesses(product))], console: console_ };
}

const goneWithin = async (pids, ms) => {
  const began = performance.now();
  for (const pid of pids) await waitFor(`process ${pid} to be gone`, async () => !(await isAlive(pid)), { seconds: (ms / 1000) * SLOW, every: 10 });
  return performance.now() - began;
};

test('without an enrolled key the page is told nothing', stack.guard(async () => {
  for (const device of [product.id, 'no-such-device']) {
    await assert.rejects(stranger.logIn(device), { status: 403, code: 'denied' });
    await assert.rejects(stranger.post('look', { pass: 'x' }, device), { status: 403 });
    await assert.rejects(stranger.post('report', { pass: 'x', session: ticket.id }, device), { status: 403 });
    const { letter } = await stranger.post('enrol', { text: `fieldline.owner.1 enrol\ndevice ${device}\npoint ${stranger.point}\nname M\n`, mac: 'A'.repeat(43) }, device);
    const { state, error } = await waitFor('an outcome', async () => {
      const seen = await stranger.post('letter', { letter }, device);
      return seen.state !== 'waiting' && seen;
    }, { seconds: 15 * SLOW });
    assert.equal(state, 'refused');
    assert.equal(error, device === product.id ? 'denied' : 'unreachable');
  }
}));

test('the link of one product is none for another', stack.guard(async () => {
  assert.equal((await stranger.enrol(await linkOf(other))).error, 'denied');
  assert.equal((await phone.enrol(await linkOf(product))).state, 'done');
  await phone.logIn();
  await assert.rejects(phone.logIn(other.id), { status: 403 });
  const seen = await phone.look();
  assert.equal(seen.online, true);
  assert.deepEqual(seen.owner.keys.map(({ name }) => name), ['Li Wei']);
}));

test('promise_33 no session by an answer that is not exactly the owner\'s', stack.guard(async () => {
  const asked = await ask(engineer, ticket, ['observe']);
  const question = await phone.question(asked.id);
  const lines = [['session', asked.id], ['question', '0'.repeat(64)], ['answer', 'allow'], ['capabilities', 'observe'], ['minutes', 5]];
  await assert.rejects(stranger.say('consent', lines), { status: 403 });
  await assert.rejects(phone.say('consent', lines, { signature: await stranger.sign('x') }), { status: 403 });
  await assert.rejects(phone.say('consent', lines, { device: other.id }), { status: 403 });
  await assert.rejects(stack.as('administrator').then((boss) => boss.post(`/sessions/${asked.id}/consent`, { code: '12345678' })), 'no role of the gateway can answer');
  assert.equal((await phone.say('consent', lines)).error, 'denied', 'another question');
  assert.equal((await phone.answer(question, { capabilities: 'observe,shell' })).error, 'denied', 'more than was asked');
  assert.equal((await phone.answer(question, { minutes: 11 })).error, 'denied', 'longer than was asked');
  assert.equal((await engineer.get(`/sessions/${asked.id}`)).state, 'asking');
  assert.deepEqual(await sessionProcesses(product), []);
  assert.equal((await phone.answer(question, { answer: 'refuse', capabilities: 'none', minutes: 0 })).state, 'done');
  assert.equal((await waitState(engineer, asked.id, ['denied'])).why, 'refused');
}));

test('promise_33 a question that the gateway has changed cannot be answered', stack.guard(async () => {
  const asked = await ask(engineer, ticket, ['observe', 'shell'], { reason: 'read the log' });
  const question = await phone.question(asked.id);
  const shown = { ...question, text: question.text.replace('["observe","shell"]', '["observe"]') };
  assert.notEqual(shown.text, question.text);
  assert.equal((await phone.answer(shown, { capabilities: 'observe' })).error, 'denied');
  assert.deepEqual(await sessionProcesses(product), []);
  await engineer.post(`/sessions/${asked.id}/end`, {});
}));

test('a help call: a seat for the phone in the session of its product, while it is live, and one at a time', stack.guard(async () => {
  const { id, console: engineerLeg } = await live();
  const call = (who, words) => who.post('call', { pass: who.pass, ...words });
  await assert.rejects(call(stranger, { pass: 'x', session: id }), { status: 403 });
  await assert.rejects(call(phone, {}), { status: 400 });
  await assert.rejects(call(phone, { session: '11111111-1111-4111-8111-111111111111' }), { status: 404 });
  await assert.rejects(phone.post('call', { pass: phone.pass, session: id }, other.id), { status: 403 }, 'a pass is for one product');
  const come = async ({ path }) => {
    const nobody = await stack.gateway.client();
    const entry = await nobody.post('/join', { token: new URLSearchParams(path.split('#')[1]).get('t') });
    const session = new ConsoleSession(await nobody.socket(`/sessions/${entry.session}/ws`, 'fieldline.session.1', { ticket: entry.ticket }));
    session.closed.then(() => nobody.close());
    return { entry, session };
  };
  const first = await come(await call(phone, { session: id }));
  assert.deepEqual([first.entry.session, first.entry.name, first.entry.may], [id, 'guest Li Wei', ['call', 'chat']]);
  await first.session.call('call.join', { media: ['audio'] });
  await waitFor('the engineer to see it', () => engineerLeg.of('session.people').at(-1)?.people.some(({ name, in_call: isIn }) => name === 'guest Li Wei' && isIn), { seconds: 10 * SLOW });
  await assert.rejects(first.session.call('terminal.open', { cols: 80, rows: 24 }), /.*/, 'no more than call and chat');
  const again = await come(await call(phone, { session: id }));
  assert.match((await first.session.closed).reason, /^(revoked|replaced)$/, 'the former seat ends');
  assert.equal(again.entry.name, 'guest Li Wei');
  await phone.say('stop', [['session', id]]);
  await waitState(engineer, id, ['ended']);
  await assert.rejects(call(phone, { session: id }), { status: 409 });
}));

test('the transcript holds what the owner has signed', stack.guard(async () => {
  const { id, pids } = await live();
  await phone.say('stop', [['session', id]]);
  assert.ok((await goneWithin(pids, 2000)) < 2000 * SLOW);
  assert.equal((await waitState(engineer, id, ['ended'])).why, 'ended_by_owner');
  const text = (await engineer.raw('GET', `/api/v1/sessions/${id}/transcript`)).body.toString();
  const hello = text.split('\n').find((line) => line.includes('session.hello'));
  assert.ok(hello, 'the hello is recorded');
  const found = JSON.stringify(JSON.parse(hello));
  const consent = findConsent(JSON.parse(hello));
  assert.ok(consent, found);
  assert.equal(consent.method, 'page');
  assert.equal(consent.key, phone.id);
  assert.match(consent.statement, new RegExp(`session ${id}\n`));
  assert.equal(await phone.verifies(consent.statement, consent.signature), true);
  assert.equal(consent.point, phone.point);
  const verdict = await stack.gateway.verify(`${stack.gateway.dataDir}/transcripts/${id}.cast`, '--key', `${stack.gateway.dataDir}/seal.pub`, '--ca', stack.pki.path('ca.crt'));
  assert.ok(verdict.ok, verdict.text);
  assert.match(verdict.text, /consent signed by Li Wei, holds/);
}));

function findConsent(node) {
  if (typeof node === 'string' && node.startsWith('{')) return findConsent(JSON.parse(node));
  if (node === null || typeof node !== 'object') return undefined;
  if (node.statement) return node;
  for (const value of Object.values(node)) {
    const found = findConsent(value);
    if (found) return found;
  }
  return undefined;
}

test('promise_35 the stop button on the product works without a gateway', stack.guard(async () => {
  const { id, pids } = await live();
  await stack.gateway.process.kill();
  const { stdout } = await agent(product, 'stop-sessions');
  assert.match(stdout, /^1 session ended/);
  assert.ok((await goneWithin(pids, 2000)) < 2000 * SLOW);
  await signIsOff();
  await stack.gateway.start();
  support = await stack.as('support');
  engineer = await stack.as('engineer');
  phone.client = support;
  await waitState(engineer, id, ['ended', 'failed'], 40);
  await product.waitOnline(support, 30 * SLOW);
  await waitFor('the phone to be let in again', () => phone.logIn().then(() => true, () => false), { seconds: 15 * SLOW });
}));

test('promise_42 the sign outlives the agent as the session does, and the next agent can stop it', stack.guard(async () => {
  const { id, pids } = await live();
  await product.process.kill();
  assert.ok(existsSync(signPath), 'the session runs on, and so does the sign');
  assert.match(await readFile(signPath, 'utf8'), new RegExp(id));
  await product.startAgent();
  await waitFor('the agent to know the session again', async () => /session_adopted/.test(await product.process.tail(50)), { seconds: 15 * SLOW });
  const { stdout } = await agent(product, 'stop-sessions', id);
  assert.match(stdout, /^1 session ended/);
  assert.ok((await goneWithin(pids, 2000)) < 2000 * SLOW);
  await signIsOff();
  await product.waitOnline(support, 30 * SLOW);
  await waitState(engineer, id, ['ended'], 20);
}));

test('a session process that is killed leaves no sign and no child', stack.guard(async () => {
  const { pids } = await live();
  for (const pid of await sessionProcesses(product)) process.kill(pid, 'SIGKILL');
  await goneWithin(pids, 2000);
  await signIsOff();
}));

test('promise_35 a phone that is removed ends what rests on it, and its link is void', stack.guard(async () => {
  const link = await linkOf(product);
  const { id, pids } = await live();
  assert.match((await agent(product, 'owner-keys', 'remove', '1')).stdout, /removed/);
  assert.ok((await goneWithin(pids, 2500)) < 2500 * SLOW);
  assert.equal((await waitState(engineer, id, ['ended'])).why, 'consent_withdrawn');
  assert.equal((await phone.enrol(link)).error, 'denied');
  const asked = await ask(engineer, ticket, ['observe']);
  assert.equal((await waitState(engineer, asked.id, ['denied'])).why, 'refused', 'nobody is left to ask');
}));
