// Devices that behave strangely, on the real wire: a clock that jumps, two agents with one certificate, one that floods, a
// broker that crashes under everybody. Each is shown, and costs nobody else anything.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Firmware } from './firmware.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const DAY = 86400e3;
const RETURN_WITHIN_S = 8;
const stack = await TestStack.start('conduct', { gateway: { settings: { broker: { return_within: `${RETURN_WITHIN_S}s` } } } });
const support = await stack.as('support');

const trouble = async (id, kind) => (await support.get(`/devices/${id}`)).troubles.find((one) => one.kind === kind);
const shows = (id, kind, seconds = 20) =>
  waitFor(`${id} to be shown as ${kind}`, () => trouble(id, kind), { seconds: seconds * SLOW, seen: async () => JSON.stringify(await support.get(`/devices/${id}`)) });
const told = (id) => stack.rows(`SELECT line FROM event JOIN device ON device.id = event.device WHERE device.device = '${id}' AND kind = 3 ORDER BY event.id`);

test('promise_12: a clock that jumps a day forward and back: its records are where they belong', stack.guard(async () => {
  const device = await stack.wireDevice('jumps-1');
  const begun = Date.now();
  const sample = (value) => device.tele([['level', device.wall, value]]);
  sample(1);
  device.fault('T02', true);
  await device.drained(20 * SLOW);
  device.clockError = DAY;
  sample(2);
  device.logs(['while the clock was a day ahead']);
  device.fault('T02', false);
  await device.drained(20 * SLOW);
  await shows('jumps-1', 'clock_off');
  const { clock_error_ms: error } = await support.get('/devices/jumps-1');
  assert.ok(Math.abs(error - DAY) < 2000, `${error}`);
  device.clockError = -DAY;
  sample(3);
  await device.drained(20 * SLOW);
  device.clockError = 0;
  sample(4);
  await device.drained(20 * SLOW);

  const history = await support.get(`/devices/jumps-1/history?metric=level&from_ms=${begun - 5000}&to_ms=${Date.now() + 5000}&points=4000`);
  const values = history.mean.flatMap((mean, i) => (history.min[i] === history.max[i] ? [mean] : [history.min[i], history.max[i]]));
  assert.deepEqual(values.sort(), [1, 2, 3, 4], 'all within these moments');
  const [{ event_ms: line }] = await stack.rows("SELECT event_ms FROM log WHERE line LIKE 'while the clock%'");
  assert.ok(line >= begun - 2000 && line <= Date.now() + 2000, 'the log line too');
  assert.deepEqual((await support.get('/quarantine?device=jumps-1')).items, []);
  assert.match((await told('jumps-1'))[0].line, /off by \+86[34]\d\d s/);
  const alarms = await stack.rows("SELECT is_active, raised_ms, cleared_ms FROM alarm JOIN device ON device.id = alarm.device WHERE device.device = 'jumps-1'");
  assert.equal(alarms.length, 1);
  assert.equal(alarms[0].is_active, 0);
  assert.ok(alarms[0].cleared_ms - alarms[0].raised_ms < 60e3 * SLOW, 'it did not last a day');
}));

/* On the wire, because our agent would stand back for minutes: agent_delivery.test.mjs has two of those. Both of these come
 * back at once, so the broker puts each out for the other again and again. */
test('promise_3: two programs with one certificate: all of both arrives once, and a person is told', stack.guard(async () => {
  const LINES = 60;
  const both = [await stack.wireDevice('twin-1'), await stack.wireDevice('twin-1')];
  const sql = "SELECT line FROM log JOIN device ON device.id = log.device WHERE device.device = 'twin-1' AND app = 'wire'";
  const lines = async () => (await stack.rows(sql)).map(({ line }) => line);
  for (let n = 0; n < LINES; n += 10) {
    both.forEach((device, who) => device.logs(Array.from({ length: 10 }, (_, i) => `${who} line ${n + i}`)));
    await waitFor(`${n + 10} lines of both`, async () => (await lines()).length >= 2 * (n + 10), { seconds: 40 * SLOW, seen: async () => `${(await lines()).length}` });
  }
  await shows('twin-1', 'identity_shared');
  const kept = await lines();
  assert.equal(new Set(kept).size, kept.length, 'none twice');
  assert.equal(kept.length, 2 * LINES, 'none lost');
  const [alarm] = (await support.get('/alarms?device=twin-1')).items;
  assert.equal(alarm.alarm, 'identity_shared');
  assert.ok(alarm.ticket, 'and a ticket');
  assert.equal((await told('twin-1')).filter(({ line }) => /two programs/.test(line)).length, 1);
  assert.ok((await stack.gateway.figure('identity_switches_total')) >= 1);
  await Promise.all(both.map((device) => device.close()));
}));

test('promise_21: a device that reconnects all the time is shown as flapping', stack.guard(async () => {
  const device = await stack.wireDevice('flaps-1');
  await device.drained(20 * SLOW);
  for (let n = 0; n < 16; n++) {
    await device.close(); // without a good-bye: its Last Will says that it is gone
    await device.connect();
    await device.drained(20 * SLOW);
  }
  await shows('flaps-1', 'flapping');
  assert.match((await told('flaps-1'))[0].line, /^flapping: connected 15 times/);
  await waitFor('its state to be what it is', async () => (await support.get('/devices/flaps-1')).online, { seconds: 10 * SLOW });
}));

/**
 * Milliseconds from an event to its acknowledgement, which is told after the commit, and within the gateway from receiving to
 * deciding: the first holds whatever else this machine does at the time. Sorted.
 */
async function latencies(device, count) {
  const found = [];
  const inside = [];
  const lane = device.lanes.urgent;
  for (let n = 0; n < count; n++) {
    const begun = performance.now();
    const seq = device.fault('T01', n % 2 === 0);
    const deadline = Date.now() + 20e3 * SLOW;
    while (lane.acked < seq) {
      assert.ok(Date.now() < deadline, 'an event of a quiet device was not acknowledged');
      await turn();
    }
    found.push(performance.now() - begun);
    inside.push((await stack.gateway.figure('alarm_latency_seconds')) * 1000);
  }
  return { found: found.sort((a, b) => a - b), inside: inside.sort((a, b) => a - b) };
}
const part = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

test('promise_15: a device that floods is held back, counted and shown; the others go on', stack.guard(async (t) => {
  const quiet = await stack.wireDevice('quiet-1');
  const noisy = await stack.wireDevice('noisy-1');
  await Promise.all([quiet.drained(20 * SLOW), noisy.drained(20 * SLOW)]);
  const calm = await latencies(quiet, 120);

  const begun = Date.now() - 3600e3;
  await noisy.close(); // the broker lets one connection of a name live
  const flooder = new Worker(new URL('flooder.mjs', import.meta.url), {
    workerData: {
      perSecond: 6000 / SLOW,
      port: stack.broker.port,
      files: ['ca.crt', 'noisy-1.crt', 'noisy-1.key'].map((name) => stack.pki.path(name)),
      topic: `${noisy.prefix}/up/tele`,
      payload: JSON.stringify(Array.from({ length: 20 }, (_, i) => ({ n: 'other', t: begun / 1000 + i, v: i }))),
      userProperties: noisy.stamp(noisy.lanes.bulk, 1), // seq 1 for ever
    },
  });
  t.after(() => flooder.terminate());
  await waitFor('the flood to be held back', async () => (await stack.gateway.figure('inbox_throttled_total')) > 2000, { seconds: 60 * SLOW });
  const loud = await latencies(quiet, 120);
  await shows('noisy-1', 'flooding');
  await flooder.terminate();
  await noisy.connect();
  const show = (sorted) => `${part(sorted, 0.5).toFixed(1)}/${part(sorted, 0.99).toFixed(1)}`;
  console.log(`p50/p99 ms, event to acknowledgement: calm ${show(calm.found)}, flooded ${show(loud.found)}; within the gateway: calm ${show(calm.inside)}, flooded ${show(loud.inside)}`);
  assert.ok(part(loud.found, 0.5) < 250 * SLOW, 'the quiet device waits for the flood');
  assert.equal(await trouble('quiet-1', 'flooding'), undefined);
  assert.ok((await support.get('/devices/noisy-1')).dropped > 1000);
  assert.match((await support.get('/quarantine?device=noisy-1')).items[0].reason, /^flood: \d+ messages/);
  assert.equal((await told('noisy-1')).length, 1, 'told once');

  for (let n = 0; n < 200; n++) noisy.tele([['level', begun + n * 1000, n]]); // seq 1 is what it repeated all the time
  await noisy.drained(60 * SLOW);
  const history = await support.get(`/devices/noisy-1/history?metric=level&from_ms=${begun}&to_ms=${begun + 200e3}&points=200`);
  const first = history.mean[0] === 0 ? 0 : 1; // seq 1 was taken in the form that the flood gave it
  assert.deepEqual(history.mean, Array.from({ length: 200 - first }, (_, n) => n + first), 'what is stamped is not lost by it');
}));

test('promise_10: who does not come back after a crash of the broker is not shown as online for ever', stack.guard(async () => {
  const firmware = await Firmware.on(stack, 'returns-1');
  const gone = await stack.wireDevice('gone-1');
  await gone.drained(20 * SLOW);
  await firmware.product.waitOnline(support, 20 * SLOW);
  const online = async (id) => (await support.get(`/devices/${id}`)).online;
  await waitFor('both to be online', async () => (await online('gone-1')) && (await online('returns-1')), { seconds: 20 * SLOW });
  await stack.broker.process.kill();
  await gone.close(); // its Last Will died with the broker
  await stack.broker.start();
  await waitFor('the device that is gone to be offline', async () => !(await online('gone-1')), { seconds: (RETURN_WITHIN_S + 30) * SLOW });
  assert.equal(await online('returns-1'), true);
  assert.ok((await stack.gateway.figure('doubted_total')) >= 1);
}));
