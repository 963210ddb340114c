// The whole path on real parts: a product reports through statsd and syslog, the gateway sees the fault develop, one ticket
// opens by itself, heals by itself, and everything that was said can be read back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Firmware } from './firmware.mjs';
import { SLOW, TestStack, waitAudit, waitFor } from './stack.mjs';

const stack = await TestStack.start('fault_to_ticket');
const support = await stack.as('support');
const firmware = await Firmware.on(stack, 'machine-1');
const { product } = firmware;

const tickets = async () => (await support.get(`/tickets?device=${product.id}`)).items;
const alarms = async () => (await support.get(`/alarms?device=${product.id}`)).items;

test('a product that connects is in the fleet, with what it said of itself', stack.guard(async () => {
  await product.waitOnline(support, 20 * SLOW);
  const device = await support.get(`/devices/${product.id}`);
  assert.equal(device.model, 'test-product');
  assert.equal(device.serial, `SN-${product.id}`);
  assert.deepEqual([...device.capabilities].sort(), ['diagnose', 'observe', 'shell']);
}));

test('gauges become history with the values that were sent', stack.guard(async () => {
  const from = Date.now() - 2000;
  const feeding = setInterval(() => firmware.gauge('level', 421), 200);
  try {
    await waitFor('level in the history', async () => {
      const history = await support.get(`/devices/${product.id}/history?metric=level&from_ms=${from}&to_ms=${Date.now() + 1000}&points=100`);
      return history.mean.length >= 2 && history.min.every((value) => value === 421) && history.max.every((value) => value === 421);
    }, { seconds: 15 * SLOW });
  } finally {
    clearInterval(feeding);
  }
}));

test('log lines can be found by their words', stack.guard(async () => {
  firmware.log(3, 'pump', 'bearing squeals like a sqxwzk');
  const found = await waitFor('the line', async () => (await support.get(`/devices/${product.id}/logs?q=sqxwzk`)).items[0], { seconds: 15 * SLOW });
  assert.equal(found.severity, 3);
  assert.equal(found.app, 'pump');
  assert.equal(found.text, 'bearing squeals like a sqxwzk');
  assert.deepEqual((await support.get(`/devices/${product.id}/logs?q=sqxwzk&severity=2`)).items, []);
}));

test('a fault code opens one ticket; repeats are folded into it', stack.guard(async () => {
  for (let i = 0; i < 3; i++) firmware.fault('T01', 'set', `pump blocked ${i}`);
  const [ticket] = await waitFor('a ticket', async () => (await tickets()).length > 0 && tickets(), { seconds: 15 * SLOW });
  assert.equal(ticket.state, 'new');
  assert.equal(ticket.source, 'alarm');
  assert.equal(ticket.severity, 'major');
  assert.equal(ticket.alarm_active, true);
  const detail = await support.get(`/tickets/${ticket.id}`);
  assert.deepEqual(detail.alarms.map(({ alarm, active }) => [alarm, active]), [['T01', true]]);
  assert.equal(detail.events[0].kind, 'opened');

  firmware.fault('T01', 'clear', 'pump free');
  await waitFor('the ticket to know that it healed', async () => (await tickets())[0].alarm_active === false, { seconds: 15 * SLOW });
  firmware.fault('T01', 'set', 'blocked again');
  await waitFor('the alarm to be back', async () => (await tickets())[0].alarm_active === true, { seconds: 15 * SLOW });
  assert.equal((await tickets()).length, 1, 'a flapping fault is one ticket');
  firmware.fault('T01', 'clear', 'pump free');
}));

test('a condition must hold for its time, opens a ticket, and clears by itself', stack.guard(async () => {
  const before = (await alarms()).filter(({ alarm }) => alarm === 'OtherTooHot');
  assert.deepEqual(before, []);
  let value = 600;
  const feeding = setInterval(() => firmware.gauge('other', value), 200);
  try {
    const alarm = await waitFor('the alarm', async () => (await alarms()).find((one) => one.alarm === 'OtherTooHot'), { seconds: 20 * SLOW });
    assert.equal(alarm.severity, 'critical');
    assert.equal(alarm.active, true);
    assert.match(alarm.summary, /600/);
    assert.ok(alarm.ticket, 'it has a ticket');
    value = 20;
    await waitFor('the alarm to clear', async () => (await alarms()).find((one) => one.id === alarm.id).active === false, { seconds: 20 * SLOW });
  } finally {
    clearInterval(feeding);
  }
}));

test('a person works the ticket along its states; each arrow asks for what it needs', stack.guard(async () => {
  const engineer = await stack.as('engineer');
  const { id } = await support.post('/tickets', { device: product.id, subject: 'Pump is loud', text: 'on the phone', severity: 'minor', source: 'phone' });
  const act = async (client, action, more = {}) => client.post(`/tickets/${id}/actions`, { action, ...more });
  await act(support, 'assign', { assignee: 'engineer' });
  await assert.rejects(act(engineer, 'close', { text: 'done' }), (problem) => problem.status === 409 || problem.status === 403);
  let ticket = await act(engineer, 'diagnose');
  assert.equal(ticket.state, 'diagnosing');
  await assert.rejects(act(engineer, 'agree_plan'), { status: 400 }, 'the plan is required');
  ticket = await act(engineer, 'agree_plan', { text: 'clean the pump' });
  assert.equal(ticket.state, 'plan_agreed');
  await assert.rejects(
    engineer.post(`/tickets/${id}/actions`, { action: 'comment', text: 'late' }, { 'If-Match': String(ticket.version - 1) }),
    { status: 409 },
  );
  await act(engineer, 'repair');
  ticket = await act(engineer, 'resolve', { text: 'cleaned, runs' });
  assert.equal(ticket.state, 'resolved');
  const events = (await support.get(`/tickets/${id}`)).events.filter(({ kind }) => kind === 'state' || kind === 'assigned');
  assert.ok(events.length >= 5);
  const supervisor = await stack.as('supervisor');
  await waitAudit(supervisor, 'ticket.resolve', ({ object, who }) => object === `ticket/${id}` && who === 'engineer');
}));

test('a ticket can be opened by hand; roles that may not are told so', stack.guard(async () => {
  const owner = await stack.as('owner');
  const auditor = await stack.as('auditor');
  const opened = await owner.post('/tickets', { device: product.id, subject: 'It hums', text: 'since Monday', severity: 'minor', source: 'owner' });
  assert.equal(opened.state, 'new');
  assert.equal(opened.source, 'owner');
  await assert.rejects(auditor.post('/tickets', { device: product.id, subject: 'no' }), { status: 403 });
  await assert.rejects(owner.post('/tickets', { device: 'nobody-knows-it', subject: 'x' }), (problem) => [400, 404].includes(problem.status) && /nobody-knows-it/.test(problem.detail));
  await assert.rejects(owner.get('/audit'), { status: 403 });
}));

test('a call for service by the product joins the open ticket of its owner', stack.guard(async () => {
  const { id } = (await tickets()).find(({ source, state }) => source === 'owner' && state === 'new');
  const before = (await tickets()).length;
  firmware.call('Please come, it leaks');
  await waitFor('the call to be in the ticket', async () => (await support.get(`/tickets/${id}`)).events.some(({ text }) => /it leaks/.test(text)), { seconds: 15 * SLOW });
  assert.equal((await tickets()).length, before);
}));

test('a call for service by a product without one opens a ticket', stack.guard(async () => {
  const other = await Firmware.on(stack, 'machine-2');
  await other.product.waitOnline(support, 20 * SLOW);
  other.call('It does not start');
  const [ticket] = await waitFor('a ticket', async () => {
    const { items } = await support.get('/tickets?device=machine-2');
    return items.length > 0 && items;
  }, { seconds: 15 * SLOW });
  assert.match(ticket.subject, /does not start/);
  assert.equal(ticket.source, 'owner');
}));
