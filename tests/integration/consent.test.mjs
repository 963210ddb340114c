// No answer is a no: whatever fails on the way to a session, there is none, the engineer is told why in so many words, the
// audit log has it, and nothing runs on the product.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { Firmware } from './firmware.mjs';
import { ask, openTicket, sessionProcesses, waitState } from './service.mjs';
import { SLOW, TestStack, waitAudit, waitFor } from './stack.mjs';

const stack = await TestStack.start('consent', { gateway: { settings: { sessions: { consent_wait: '6s' } } } });
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const supervisor = await stack.as('supervisor');
const { product } = await Firmware.on(stack, 'asks-hook', { owner: 'hook', agent: { session: { wait: '6s' } } });
const { product: byCode } = await Firmware.on(stack, 'asks-code', { owner: 'code', agent: { session: { wait: '6s' } } });
const { product: shy } = await Firmware.on(stack, 'observe-only', { owner: 'hook', agent: { session: { capabilities: 'observe' } } });
const { product: closed } = await Firmware.on(stack, 'asks-nobody');
for (const one of [product, byCode, shy, closed]) await one.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);

async function nothingWasHeld(session) {
  assert.equal(session.started_ms, null);
  assert.equal(session.frames, 0);
  assert.deepEqual((await readdir(`${stack.gateway.dataDir}/transcripts`)).filter((name) => name.startsWith(session.id)), []);
  assert.deepEqual(await sessionProcesses(product), []);
}

for (const [what, answer, why, text] of [
  ['the owner refuses', 'deny', 'refused', /refused/],
  ['nobody answers', 'late', 'timed_out', /answer/],
  ['the hook crashes', 'crash', 'hook_failed', /status 139/],
  ['the hook prints nonsense', 'well, perhaps', 'hook_failed', /JSON/],
  ['the hook says yes and then no number', '{"answer":"allow","capabilities":["shell"],"minutes":"many","by":"x"}', 'hook_failed', /minutes/],
  ['the hook allows none of it', '{"answer":"allow","capabilities":[],"minutes":5,"by":"x"}', 'refused', /none/],
]) {
  test(`no session: ${what}`, stack.guard(async () => {
    await product.answers([answer]);
    const asked = await ask(engineer, ticket, ['observe', 'shell']);
    assert.equal(asked.state, 'asking');
    const session = await waitState(engineer, asked.id, ['denied', 'failed'], 40);
    assert.equal(session.state, 'denied');
    assert.equal(session.why, why);
    assert.match(session.text, text);
    await nothingWasHeld(session);
    const entry = await waitAudit(supervisor, 'session.denied', ({ object }) => object === `session/${asked.id}`);
    assert.equal(entry.result, 'denied');
    assert.match(entry.detail, text);
    const { events } = await engineer.get(`/tickets/${ticket.id}`);
    assert.ok(events.some(({ kind, data }) => kind === 'session' && data?.session === asked.id), 'it is in the ticket');
  }));
}

test('no session: the engineer withdraws the question', stack.guard(async () => {
  await product.answers(['late']);
  const asked = await ask(engineer, ticket, ['shell']);
  await engineer.post(`/sessions/${asked.id}/end`, {});
  const session = await waitState(engineer, asked.id, ['denied', 'failed']);
  assert.equal(session.why, 'withdrawn');
  await nothingWasHeld(session);
}));

test('no session: a product that may not be asked', stack.guard(async () => {
  const other = await openTicket(support, engineer, closed.id);
  const asked = await ask(engineer, other, ['observe']).then((session) => waitState(engineer, session.id, ['denied']), (problem) => problem);
  assert.match(`${asked.why ?? asked.code}`, /no_consent|refused/);
}));

test('no session: the product\'s own configuration does not allow that capability', stack.guard(async () => {
  const other = await openTicket(support, engineer, shy.id);
  const outcome = await ask(engineer, other, ['shell']).then((session) => waitState(engineer, session.id, ['denied', 'failed']), (problem) => problem);
  if (outcome instanceof Error) {
    assert.ok([403, 409].includes(outcome.status));
    assert.match(outcome.detail, /shell/);
  } else {
    assert.equal(outcome.why, 'off_on_product');
  }
}));

test('no session: wrong code, three times; the right one opens', stack.guard(async () => {
  const other = await openTicket(support, engineer, byCode.id);
  const asked = await ask(engineer, other, ['observe']);
  await waitState(engineer, asked.id, ['code_required']);
  await assert.rejects(supervisor.post(`/sessions/${asked.id}/consent`, { code: '12345678' }), { status: 403 }, 'only who asked');
  const shown = await byCode.code();
  const wrong = shown === '00000000' ? '11111111' : '00000000';
  for (let i = 0; i < 3; i++) {
    await engineer.post(`/sessions/${asked.id}/consent`, { code: wrong }).catch((problem) => assert.equal(problem.status, 409));
    await waitFor('the answer to the code', async () => {
      const { state, text } = await engineer.get(`/sessions/${asked.id}`);
      return state !== 'code_required' || /left|wrong/i.test(text);
    }, { seconds: 5 * SLOW });
  }
  const session = await waitState(engineer, asked.id, ['denied']);
  assert.equal(session.why, 'wrong_code');
  await nothingWasHeld(session);

  const again = await ask(engineer, other, ['observe']);
  await waitState(engineer, again.id, ['code_required']);
  await engineer.post(`/sessions/${again.id}/consent`, { code: (await byCode.code()).replace(/(....)(....)/, '$1 $2') });
  const live = await waitState(engineer, again.id, ['live']);
  assert.equal(live.consent.method, 'code');
  await engineer.post(`/sessions/${again.id}/end`, {});
  await waitState(engineer, again.id, ['ended']);
}));

test('no session: the code is never passed on', stack.guard(async () => {
  const other = await openTicket(support, engineer, byCode.id);
  const asked = await ask(engineer, other, ['observe']);
  const session = await waitState(engineer, asked.id, ['denied', 'failed'], 30);
  assert.equal(session.why, 'timed_out');
  await assert.rejects(engineer.post(`/sessions/${asked.id}/consent`, { code: '12345678' }), { status: 409 });
}));

test('roles that may not ask are told so', stack.guard(async () => {
  for (const role of ['owner', 'support', 'auditor', 'administrator']) {
    const client = await stack.as(role);
    await assert.rejects(ask(client, ticket, ['observe']), { status: 403 }, role);
  }
}));

test('a question that makes no sense is refused with its reason', stack.guard(async () => {
  for (const [body, reason] of [
    [{ capabilities: ['fly'], reason: 'x y' }, /capabilities/],
    [{ capabilities: [], reason: 'x y' }, /capabilit/],
    [{ capabilities: ['shell'] }, /reason/],
    [{ capabilities: ['shell'], reason: 'x y', minutes: 100000 }, /minutes/],
    [{ capabilities: 'shell', reason: 'x y' }, /capabilities/],
  ]) {
    await assert.rejects(engineer.post(`/tickets/${ticket.id}/sessions`, body), (problem) => problem.status === 400 && reason.test(problem.detail), JSON.stringify(body));
  }
  await assert.rejects(ask(engineer, { id: 99999 }, ['observe']), { status: 404 });
}));

test('no session on a ticket that is over', stack.guard(async () => {
  const other = await openTicket(support, engineer, product.id);
  await engineer.post(`/tickets/${other.id}/actions`, { action: 'resolve', text: 'nothing found' });
  await support.post(`/tickets/${other.id}/actions`, { action: 'close', text: 'no answer' });
  await assert.rejects(ask(engineer, other, ['observe']), (problem) => problem.status === 409 && /closed|open/.test(problem.detail));
}));

test('no session with a product that is gone', stack.guard(async () => {
  await product.process.kill();
  const outcome = await waitFor('the gateway to notice', async () => {
    const session = await ask(engineer, ticket, ['observe']).catch((problem) => problem);
    if (session instanceof Error) return session;
    return waitState(engineer, session.id, ['denied', 'failed'], 30);
  });
  if (outcome instanceof Error) {
    assert.equal(outcome.status, 409);
    assert.match(outcome.detail, /connected|offline/);
  } else {
    assert.match(outcome.why, /device_offline|timed_out|no_product/);
  }
  await waitAudit(supervisor, 'session.request', ({ object, result }) => /ticket|session/.test(object) && (result !== 'ok' || !(outcome instanceof Error)));
  await product.startAgent();
}));
