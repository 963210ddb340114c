// The life of alarms on real parts: many products that fail together are one incident with one ticket, a shelved alarm opens
// nothing, maintenance and a dead parent keep alarms silent, and what was so long ago pages nobody.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const COUNT = 14;
const stack = await TestStack.start('alarms');
const engineer = await stack.as('engineer');
const auditor = await stack.as('auditor');
const owner = await stack.as('owner');
const model = 'site-device';
const metrics = ['level', 'supply', 'pressure', 'link', 'sensor_silent'];
const device = (id) => stack.wireDevice(id, { model, metrics });
const within = { seconds: 30 * SLOW };

const alarmOf = async (id, name) => (await engineer.get(`/alarms?device=${id}`)).items.find(({ alarm }) => alarm === name);
const tickets = async (query = '') => (await engineer.get(`/tickets?limit=500${query}`)).items;
const known = (id) => waitFor(`${id} to be known`, () => engineer.get(`/devices/${id}`).then((one) => one.online, () => false), within);
const become = (id, name, what, is) => waitFor(`${name} of ${id} to be ${what}`, async () => {
  const alarm = await alarmOf(id, name);
  return alarm && is(alarm) && alarm;
}, { ...within, seen: async () => JSON.stringify(await alarmOf(id, name)) });

test('promise_28: many products that fail together are one incident with one ticket', stack.guard(async () => {
  const fleet = [];
  for (let i = 0; i < COUNT; i++) fleet.push(await device(`fleet-${String(i).padStart(2, '0')}`));
  await Promise.all(fleet.map(({ id }) => known(id)));
  for (const one of fleet) one.tele([['supply', one.wall, 5]]);
  const incident = await waitFor('all to be members', async () => {
    const [newest] = (await engineer.get('/incidents')).items;
    return newest?.members === COUNT && newest;
  }, { ...within, seen: async () => JSON.stringify((await engineer.get('/incidents')).items) });
  assert.deepEqual([incident.alarm, incident.model, incident.firmware, incident.active], ['SupplyLost', model, '1.0', true]);
  assert.ok((await tickets()).length <= 10, 'ten tickets at most');
  const open = await tickets('&state=open');
  assert.deepEqual(open.map(({ id }) => id), [incident.ticket], 'those of before are folded in');
  const page = await engineer.get(`/alarms?incident=${incident.id}&limit=10`);
  assert.equal(page.items.length, 10);
  const rest = await engineer.get(`/alarms?incident=${incident.id}&limit=10&after=${page.next}`);
  assert.equal(new Set([...page.items, ...rest.items].map((one) => one.device)).size, COUNT);
  assert.ok(rest.items.every(({ suppressed, ticket }) => suppressed === 'fleet' && ticket === incident.ticket));
  assert.equal((await engineer.get(`/tickets/${incident.ticket}`)).incident.members, COUNT);

  await stack.restartGateway();
  for (const one of fleet) one.tele([['supply', one.wall, 230]]);
  await waitFor('the incident to be over', async () => !(await engineer.get(`/incidents/${incident.id}`)).active, within);
  assert.equal((await engineer.get(`/tickets/${incident.ticket}`)).state, 'resolved', 'nobody had acted');
  await Promise.all(fleet.map((one) => one.close()));
}));

test('promise_31: a shelved alarm opens no ticket, is listed, and opens one when it is taken back', stack.guard(async () => {
  const one = await device('shelved-1');
  await known(one.id);
  one.fault('S01', true);
  const first = await become(one.id, 'S01', 'raised', ({ ticket }) => ticket !== null);
  one.fault('S01', false);
  await become(one.id, 'S01', 'cleared', ({ active }) => !active);
  await assert.rejects(owner.post(`/alarms/${first.id}/shelve`, { minutes: 5, reason: 'x' }), ({ status }) => status === 403);
  await assert.rejects(engineer.post(`/alarms/${first.id}/shelve`, { minutes: 5 }), ({ status }) => status === 400);
  await assert.rejects(engineer.post(`/alarms/${first.id}/shelve`, { minutes: 20000, reason: 'for ever' }), ({ status }) => status === 400);
  const shelved = await engineer.post(`/alarms/${first.id}/shelve`, { minutes: 60, reason: 'a spare part is ordered' });
  assert.equal(shelved.shelved.by, 'engineer');
  one.fault('S01', true);
  const silent = await become(one.id, 'S01', 'shelved', ({ active, suppressed }) => active && suppressed === 'shelved');
  assert.equal((await tickets(`&device=${one.id}&state=open`)).length, 0);
  const [listed] = (await auditor.get('/shelves')).items;
  assert.deepEqual([listed.device, listed.alarm, listed.reason, listed.active], [one.id, 'S01', 'a spare part is ordered', true]);
  await stack.restartGateway();
  assert.equal((await alarmOf(one.id, 'S01')).suppressed, 'shelved', 'a restart forgets nothing');
  await engineer.post(`/alarms/${silent.id}/unshelve`);
  assert.equal((await tickets(`&device=${one.id}&state=open`)).length, 1);
}));

test('a latched alarm waits for a person, and says what may be done about it', stack.guard(async () => {
  const one = await device('latch-1');
  await known(one.id);
  one.tele([['pressure', one.wall, 900000]]);
  const { id } = await become(one.id, 'PressureTrip', 'active', ({ state }) => state === 'active');
  await assert.rejects(engineer.post(`/alarms/${id}/reset`), ({ status }) => status === 409);
  one.tele([['pressure', one.wall + 1, 100]]);
  await become(one.id, 'PressureTrip', 'latched', ({ state }) => state === 'latched');
  assert.deepEqual((await engineer.get('/alarms?state=latched')).items.map((alarm) => alarm.id), [id]);
  const reset = await engineer.post(`/alarms/${id}/reset`);
  assert.deepEqual([reset.state, reset.acknowledged_by, reset.active], ['normal', 'engineer', false]);
}));

test('promise_31: under maintenance, and behind a dead router, nothing opens a ticket', stack.guard(async () => {
  const router = await device('router-1');
  const one = await device('behind-1');
  await Promise.all([known(router.id), known(one.id)]);
  await engineer.post('/devices/behind-1/location', { parent: 'router-1', site: 'plant-7' });
  await assert.rejects(engineer.post('/devices/router-1/location', { parent: 'behind-1' }), ({ status }) => status === 409);
  const window = await engineer.post('/maintenance', { scope: 'site', target: 'plant-7', to_ms: Date.now() + 3600e3, reason: 'filters' });
  assert.equal(window.in_force, true);
  one.tele([['level', one.wall, 20]]);
  await become(one.id, 'LevelHigh', 'under maintenance', ({ suppressed }) => suppressed === 'maintenance');
  assert.equal((await tickets(`&device=${one.id}`)).length, 0);
  await engineer.post(`/maintenance/${window.id}/end`);
  await become(one.id, 'LevelHigh', 'told', ({ suppressed, ticket }) => suppressed === null && ticket !== null);
  router.tele([['link', router.wall, 0]]);
  await become(router.id, 'UplinkDown', 'raised', ({ active }) => active);
  one.tele([['sensor_silent', one.wall, 100]]);
  await become(one.id, 'SensorSilent', 'silent', ({ suppressed }) => suppressed === 'parent');
  assert.equal((await engineer.get('/devices/behind-1')).location.parent, 'router-1');
}));

test('promise_4: what was so long ago is history; what is still so opens its ticket', stack.guard(async () => {
  const one = await device('late-1');
  await known(one.id);
  const hours = (n) => one.wall - n * 3600e3;
  one.tele([['level', hours(5), 20]]);
  one.tele([['level', hours(4), 1]]);
  one.tele([['supply', hours(3), 5]]);
  await one.drained(20 * SLOW);
  await become(one.id, 'SupplyLost', 'of the past', ({ suppressed }) => suppressed === 'past');
  assert.equal((await alarmOf(one.id, 'LevelHigh')).active, false);
  assert.equal((await tickets(`&device=${one.id}`)).length, 0);
  one.tele([['supply', one.wall, 5]]);
  const told = await become(one.id, 'SupplyLost', 'told', ({ ticket }) => ticket !== null);
  assert.equal(told.suppressed, null);
  assert.equal((await tickets(`&device=${one.id}`)).length, 1);
  one.tele([['level', one.wall, 6]]);
  await waitFor('a condition that is pending', async () =>
    (await engineer.get(`/devices/${one.id}/pending`)).items.some(({ alarm, for_ms }) => alarm === 'LevelRising' && for_ms === 600000), within);
}));
