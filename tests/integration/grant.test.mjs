// Who may have a session and who ends it, with the real broker, agent and gateway: four eyes with two users, an emergency
// and its review, and everything that takes the ground away from a session that is live: at once, with the reason, and
// with no process left on the product.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { Firmware } from './firmware.mjs';
import { ask, isAlive, openTicket, waitState } from './service.mjs';
import { PASSWORD, SLOW, TestStack, waitAudit, waitFor } from './stack.mjs';

const REASON = 'the cold chain breaks and nobody else is here';
const stack = await TestStack.start('grant', { gateway: { settings: { sessions: { four_eyes: 'diagnose', max: '30m', approval_wait: '10s' } } } });
for (const [name, role] of [['eva', 'engineer'], ['tom', 'engineer'], ['sol', 'supervisor']]) await stack.gateway.addUser(name, role, PASSWORD);
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const supervisor = await stack.as('supervisor');
const eva = await stack.as('eva');
const tom = await stack.as('tom');
const { product } = await Firmware.on(stack, 'product-1', { owner: 'hook', diagnostics: { sheet: '/bin/echo all is well' } });
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);

/** A live session of `client` with a terminal in which something runs. */
async function enter(client, asked) {
  await waitState(client, asked.id, ['live']);
  const session = await ConsoleSession.join(client, asked.id);
  session.notify('terminal.open', { cols: 80, rows: 24 });
  const shown = await session.command('sleep 3599 & echo "pids=$$,$!"; echo "d""one"', /done/);
  return { id: asked.id, session, pids: /pids=(\d+),(\d+)/.exec(shown).slice(1).map(Number) };
}

/** Ends, with that reason on the row and on the engineer's screen, nothing left on the product. How long that took. */
async function endsWith(why, { id, session, pids }, since_ms = performance.now()) {
  await waitFor('the processes to be gone', async () => !(await Promise.all(pids.map(isAlive))).some(Boolean), { seconds: 15 * SLOW, every: 20 });
  const took_ms = performance.now() - since_ms;
  const row = await waitState(supervisor, id, ['ended']);
  assert.equal(row.why, why);
  assert.ok(row.text.length > 10, 'in words');
  const told = session.of('session.state').at(-1);
  assert.equal(told?.reason, why, 'the engineer sees why');
  return took_ms;
}

const refused = (promise, status, text) =>
  promise.then(
    () => assert.fail(`expected ${status}`),
    (problem) => {
      assert.equal(problem.status, status, problem.detail);
      assert.match(problem.detail, text);
    },
  );

test('promise_33_four_eyes: nobody is asked on the product before a second person has approved; he may end it', stack.guard(async () => {
  const terms = await eva.get(`/devices/${product.id}/session-terms`);
  assert.equal(terms.max_minutes, 30);
  assert.deepEqual(terms.capabilities.filter((one) => one.approval).map((one) => one.capability), ['diagnose']);
  const asked = await ask(eva, ticket, ['diagnose', 'shell']);
  assert.equal(asked.state, 'awaiting_approval');
  assert.equal(asked.needs_approval, true);
  assert.equal((await tom.get('/access')).awaiting_approval, 1);
  assert.deepEqual((await tom.get('/sessions?waits=approval')).items.map(({ id }) => id), [asked.id]);
  assert.equal(await stack.count(`SELECT count(*) FROM outbox WHERE about = '${asked.id}'`), 0, 'the product knows nothing');
  await refused(eva.post(`/sessions/${asked.id}/approve`, {}), 403, /somebody else/);
  await refused(support.post(`/sessions/${asked.id}/approve`, {}), 403, /role/);
  await refused(tom.post(`/sessions/${asked.id}/refuse`, {}), 400, /text/);
  const approved = await tom.post(`/sessions/${asked.id}/approve`, { text: 'go on' });
  assert.equal(approved.approved_by, 'tom');
  const live = await enter(eva, asked);
  await refused(engineer.post(`/sessions/${asked.id}/end`, {}), 403, /eva/);
  const since = performance.now();
  await tom.post(`/sessions/${asked.id}/end`, {});
  await endsWith('ended_by_approver', live, since);
  const { events } = await eva.get(`/tickets/${ticket.id}`);
  assert.ok(events.some(({ text }) => /Approved by tom: go on/.test(text)), 'it is in the ticket');
  await waitAudit(supervisor, 'session.approve', ({ who, object }) => who === 'tom' && object === `session/${asked.id}`);
}));

test('four eyes: refused with words, or not answered in time', stack.guard(async () => {
  const first = await ask(eva, ticket, ['diagnose']);
  await tom.post(`/sessions/${first.id}/refuse`, { text: 'call the owner first' });
  const denied = await eva.get(`/sessions/${first.id}`);
  assert.equal(denied.state, 'denied');
  assert.equal(denied.why, 'not_approved');
  assert.match(denied.text, /tom.*call the owner first/);
  const second = await ask(eva, ticket, ['diagnose']);
  const late = await waitState(eva, second.id, ['denied'], 30);
  assert.equal(late.why, 'approval_expired');
  await refused(tom.post(`/sessions/${second.id}/approve`, {}), 409, /denied/);
}));

test('what is asked for wrongly says what is wrong', stack.guard(async () => {
  await refused(ask(eva, ticket, ['fly']), 400, /'fly'/);
  await refused(ask(eva, ticket, ['shell'], { minutes: 31 }), 400, /1 to 30/);
  await refused(eva.post(`/tickets/${ticket.id}/sessions`, { capabilities: ['shell'], reason: 'x', emergency: true }), 400, /emergency/);
}));

test('promise_35_kill_switch: it ends what is live and lets nothing begin until it is lifted, across a restart', stack.guard(async () => {
  const live = await enter(eva, await ask(eva, ticket, ['shell']));
  await refused(supervisor.post('/kill', { scope: 'all' }), 400, /reason/);
  await refused(supervisor.post('/kill', { scope: 'device', target: 'nobody', reason: 'x' }), 400, /nobody/);
  await refused(eva.post('/kill', { scope: 'all', reason: 'x' }), 403, /role/);
  const since = performance.now();
  const kill = await supervisor.post('/kill', { scope: 'all', reason: 'break-in at the office' });
  const took = await endsWith('kill_switch', live, since);
  assert.ok(took <= 2000 * SLOW, `${took} ms`);
  assert.match((await support.get('/access')).kills[0].reason, /break-in/);
  await refused(ask(eva, ticket, ['shell']), 409, /kill switch/);
  await stack.restartGateway();
  await product.waitOnline(support, 20 * SLOW);
  await refused(ask(eva, ticket, ['shell']), 409, /kill switch/);
  await supervisor.post(`/kill/${kill.id}/lift`, {});
  await refused(supervisor.post(`/kill/${kill.id}/lift`, {}), 409, /already/);
  const again = await enter(eva, await ask(eva, ticket, ['shell']));
  const { stdout } = await stack.gateway.command('kill-switch', 'on', '--scope', 'user', '--target', 'eva', '--reason', 'lost her laptop');
  await endsWith('kill_switch', again);
  await stack.gateway.command('kill-switch', 'off', stdout.trim());
  await waitAudit(supervisor, 'kill.lift', ({ who }) => who === 'operator');
}));

test('promise_35_role_changed in mid-session, by another process', stack.guard(async () => {
  const live = await enter(tom, await ask(tom, ticket, ['shell']));
  await stack.gateway.addUser('tom', 'support', PASSWORD);
  const took = await endsWith('role_changed', live);
  assert.ok(took <= 2000 * SLOW, `${took} ms`);
  await refused(ask(await stack.as('tom'), ticket, ['shell']), 403, /role/);
  await stack.gateway.addUser('tom', 'engineer', PASSWORD);
}));

test('promise_35_user_disabled in mid-session, by another process', stack.guard(async () => {
  const again = await stack.as('tom');
  const live = await enter(again, await ask(again, ticket, ['shell']));
  await stack.gateway.command('user', 'disable', 'tom');
  const took = await endsWith('user_disabled', live);
  assert.ok(took <= 2000 * SLOW, `${took} ms`);
  await stack.gateway.addUser('tom', 'engineer', PASSWORD);
}));

test('the ticket is closed in mid-session', stack.guard(async () => {
  const other = await openTicket(support, engineer, product.id);
  const live = await enter(engineer, await ask(engineer, other, ['shell']));
  for (const [action, text] of [['agree_plan', 'x'], ['repair', 'x'], ['resolve', 'x']]) await engineer.post(`/tickets/${other.id}/actions`, { action, text });
  await endsWith('ticket_closed', live);
}));

test('emergency: with the password and a reason, told to the supervisors, reviewed by another', stack.guard(async () => {
  const emergency = (client, more) => client.post(`/tickets/${ticket.id}/emergency`, { capabilities: ['diagnose', 'shell'], minutes: 10, reason: REASON, password: PASSWORD, ...more });
  await refused(emergency(eva), 403, /right to emergency/);
  await stack.gateway.command('user', 'qualify', 'eva', '--emergency', '--until', '2099-12-31');
  await refused(emergency(eva, { password: 'guessed' }), 403, /password/);
  await refused(emergency(eva, { password: undefined }), 400, /password/);
  await refused(emergency(eva, { reason: 'it is urgent' }), 400, /20 bytes/);
  const asked = await emergency(eva);
  assert.equal(asked.state, 'asking', 'without approval, but the owner is asked');
  assert.equal(asked.emergency, true);
  const live = await enter(eva, asked);
  const [waiting] = (await supervisor.get('/sessions?waits=review')).items;
  assert.equal(waiting.id, asked.id);
  assert.equal((await supervisor.get('/access')).unreviewed, 1);
  await eva.post(`/sessions/${asked.id}/end`, {});
  await endsWith('ended_by_engineer', live);
  await refused(eva.post(`/sessions/${asked.id}/review`, { verdict: 'justified', text: 'x' }), 403, /role/);
  await refused(supervisor.post(`/sessions/${asked.id}/review`, { verdict: 'fine', text: 'x' }), 400, /justified/);
  const reviewed = await supervisor.post(`/sessions/${asked.id}/review`, { verdict: 'justified', text: 'the vaccines were saved' });
  assert.deepEqual([reviewed.wants_review, reviewed.review.by, reviewed.review.justified], [false, 'supervisor', true]);
  await refused(supervisor.post(`/sessions/${asked.id}/review`, { verdict: 'justified', text: 'x' }), 409, /no review/);
  assert.equal((await supervisor.get('/access')).unreviewed, 0);
  await waitAudit(supervisor, 'session.emergency', ({ object, result }) => object === `session/${asked.id}` && result === 'ok');
  await waitAudit(supervisor, 'session.review', ({ object }) => object === `session/${asked.id}`);
  const owner = await stack.as('owner');
  const second = await emergency(eva);
  await owner.post(`/sessions/${second.id}/end`, {});
  const over = await waitState(eva, second.id, ['ended', 'failed', 'denied']);
  assert.match(over.why, /ended_by_owner|withdrawn/, 'the owner can always say no');
}));

test('qualifications and contracts: from the first one on everybody needs one, and losing it ends the session', stack.guard(async () => {
  await refused(supervisor.post('/qualifications', { user: 'supervisor', model: '*', capabilities: ['shell'], until_ms: 4e12 }), 403, /himself/);
  await refused(supervisor.post('/qualifications', { user: 'eva', model: 'no-such', capabilities: ['shell'], until_ms: 4e12 }), 400, /no-such/);
  const given = await supervisor.post('/qualifications', { user: 'eva', model: 'test-product', capabilities: ['shell'], until_ms: 4e12 });
  await refused(ask(engineer, ticket, ['shell']), 403, /qualification.*supervisor/);
  await refused(ask(eva, ticket, ['observe']), 403, /observe/);
  const live = await enter(eva, await ask(eva, ticket, ['shell']));
  await supervisor.post(`/qualifications/${given.id}/revoke`, {});
  await endsWith('not_qualified', live);
  await supervisor.post('/qualifications', { user: 'eva', model: '*', capabilities: ['shell', 'observe'], until_ms: 4e12 });

  const file = stack.place.path('contracts.csv');
  await writeFile(file, 'scope,target,customer,until,capabilities\ndevice,product-1,Polar AG,2020-02-30,shell\n');
  await assert.rejects(stack.gateway.command('contract', 'import', file), /contracts\.csv:2.*2020-02-30/s);
  await writeFile(file, 'scope,target,customer,until,capabilities\ndevice,product-1,Polar AG,2099-12-31,shell\nsite,plant-7,Other,2099-12-31,-\n');
  await stack.gateway.command('contract', 'import', file);
  await refused(ask(eva, ticket, ['observe', 'shell']), 403, /contract.*observe/);
  const asked = await ask(eva, ticket, ['shell']);
  assert.equal(asked.contract, 'Polar AG');
  const held = await enter(eva, asked);
  await supervisor.post('/contracts', { scope: 'device', target: 'product-1', customer: 'Polar AG', until_ms: 1, capabilities: ['shell'] });
  await endsWith('contract_over', held);
  await refused(ask(eva, ticket, ['shell']), 403, /contract/);
}));
