// A job: new settings for several products, one after the other, each in a session of its own. One owner refuses, one product
// is not well afterwards: the job stops there, and every product has the new values confirmed or its old ones.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { SLOW, TestStack, waitFor } from './stack.mjs';
import { tunable } from './tunable.mjs';

const PASSWORD = 'a password of the other one';
const stack = await TestStack.start('jobs');
const support = await stack.as('support');
const engineer = await stack.as('engineer');
await stack.gateway.addUser('tom', 'engineer', PASSWORD);
const tom = await stack.gateway.login('tom', PASSWORD);
after(() => tom.close());
const machines = [];
for (const id of ['tunable-a', 'tunable-b', 'tunable-c', 'tunable-d']) machines.push(await tunable(stack, id));
for (const { product } of machines) await product.waitOnline(support, 20 * SLOW);
const [a, b, c, d] = machines;
const ids = machines.map(({ product }) => product.id);

const start = (values, more = {}) => engineer.post('/jobs', { model: 'tunable-product', values, reason: 'warmer in summer', settle_s: 1, ...more });
function waitJob(id, state, seconds = 60) {
  let last;
  return waitFor(`job ${id} to be ${state}`, async () => {
    last = await engineer.get(`/jobs/${id}`);
    return last.state === state && last.steps.running === 0 && last;
  }, { seconds: seconds * SLOW, seen: () => JSON.stringify(last) });
}
const states = (job) => job.devices.map(({ state }) => state).join(' ');

test('refusals of a job', stack.guard(async () => {
  for (const [body, pattern] of [
    [{ values: { setpoint: -31 } }, /below the least, -30/],
    [{ values: { speed: 1 } }, /no parameter 'speed'/],
    [{ values: {} }, /at least one parameter/],
    [{ values: { setpoint: -22 }, model: 'test-product' }, /no pack 'test-product' with parameters/],
    [{ values: { setpoint: -22 }, model: 'nothing' }, /no pack 'nothing'/],
    [{ values: { setpoint: -22 }, devices: ['tunable-z'] }, /no device 'tunable-z'/],
    [{ values: { setpoint: -22 }, devices: [] }, /'devices' is empty/],
    [{ values: { setpoint: -22 }, devices: ['tunable-a', 'tunable-a'] }, /named twice/],
    [{ values: { setpoint: -22 }, reason: '' }, /'reason' is empty/],
    [{ values: { setpoint: -22 }, stop_after: 0 }, /'stop_after'/],
    [{ values: { setpoint: -20, limit: -19 } }, /does not hold/],
  ]) await assert.rejects(start(body.values, body), pattern, JSON.stringify(body));
  await assert.rejects(support.post('/jobs', { model: 'tunable-product', values: { setpoint: -22 }, reason: 'x' }), /403|denied|role/);
  await assert.rejects(engineer.post('/jobs/99/actions', { action: 'pause' }), /no such job/);
  await assert.rejects(engineer.get('/jobs/99'), /404|not_found|no /);
}));

test('all products of a model, one after the other, with before and after', stack.guard(async () => {
  await c.put('setpoint', -22); // has it already
  const { id, devices } = await start({ setpoint: -22 });
  assert.equal(devices, 4);
  const job = await waitJob(id, 'done', 90);
  job.devices.sort((one, other) => (one.device < other.device ? -1 : 1)); // they are taken in the order in which they first came
  assert.equal(states(job), 'done done unchanged done');
  assert.deepEqual(job.devices[0].before, { setpoint: -20 });
  assert.deepEqual(job.devices[0].after, { setpoint: -22 });
  assert.equal(job.by, 'engineer');
  for (const machine of machines) await machine.settled('-22 -10 low');
  const session = await engineer.get(`/sessions/${job.devices[0].session}`);
  assert.equal(session.engineer, 'engineer');
  assert.deepEqual(session.capabilities, ['configure']);
  assert.match(session.reason, /^Job 1: warmer in summer/);
  assert.equal((await engineer.get(`/tickets/${job.devices[0].ticket}`)).state, 'resolved');
}));

test('an owner refuses: skipped; a product is not well: taken back, and the job stops', stack.guard(async () => {
  await a.product.answers(['deny']);
  await c.put('health', 1);
  const { id } = await start({ setpoint: -24 }, { devices: ids });
  const job = await waitJob(id, 'stopped', 90);
  assert.equal(states(job), 'skipped done failed waiting');
  assert.match(job.devices[2].text, /not well|unhealthy/);
  await a.settled('-22 -10 low');
  await b.settled('-24 -10 low');
  await c.settled('-22 -10 low');
  await d.settled('-22 -10 low');
  await assert.rejects(tom.post(`/jobs/${id}/actions`, { action: 'resume' }), /somebody else's job/);
  // Somebody looks after it, and it goes on.
  await c.put('health', 0);
  await engineer.post(`/jobs/${id}/actions`, { action: 'resume' });
  const done = await waitJob(id, 'done', 60);
  assert.equal(states(done), 'skipped done failed done');
  await d.settled('-24 -10 low');
  await assert.rejects(engineer.post(`/jobs/${id}/actions`, { action: 'pause' }), /is done/);
}));

test('the gateway restarts in the middle: the job goes on', stack.guard(async () => {
  const { id } = await start({ setpoint: -26 }, { devices: ['tunable-a', 'tunable-b'], settle_s: 4 });
  await waitFor('the first product to have the new value', async () => (await a.value('setpoint')) === '-26', { seconds: 30 * SLOW });
  await stack.restartGateway();
  const again = await stack.as('engineer');
  await waitFor('the job to be done', async () => (await again.get(`/jobs/${id}`)).state === 'done', { seconds: 150 * SLOW, seen: async () => JSON.stringify(await again.get(`/jobs/${id}`)) });
  assert.equal(states(await again.get(`/jobs/${id}`)), 'done done');
  for (const machine of [a, b]) await machine.settled('-26 -10 low');
}));
