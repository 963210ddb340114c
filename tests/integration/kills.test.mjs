// Nothing acknowledged is lost, nothing is doubled: agent, broker and gateway are killed with SIGKILL in mid-stream at random
// moments while known sequences of samples, log lines and fault codes flow. Then it is counted.
//
// Two kinds of devices. The wire device (another MQTT library, our protocol) knows what was acknowledged to it, to the
// message. The real agent follows a log file, so that what it was given is known exactly even when it is killed itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Firmware } from './firmware.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const ROUNDS = 6;
const stack = await TestStack.start('kills');
const support = await stack.as('support');

/** Between 0 and `ms`, the same for each seed; the seed is printed so that a failure can be run again. */
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
const seed = Number(process.env.SEED ?? Date.now() % 1e6);
const random = randomOf(seed);
console.log(`SEED=${seed}`);

const doubled = (names) => names.filter((name, index) => names.indexOf(name) !== index);

test('broker and gateway are killed while a wire device sends: every acknowledged record is there once', stack.guard(async () => {
  const MESSAGES = 900;
  const SAMPLES = 5;
  const device = await stack.wireDevice('wire-1');
  await device.drained(20 * SLOW); // its birth
  const begun = Date.now() - 3 * 3600e3; // one sample a second, so that none hides another in the history
  let lines = 0;
  const feed = async () => {
    for (let m = 0; m < MESSAGES; m++) {
      if (m % 10 === 9) device.logs([`wire line ${lines++} wl${lines}x`]);
      else device.tele(Array.from({ length: SAMPLES }, (_, s) => ['level', begun + (m * SAMPLES + s) * 1000, m * SAMPLES + s]));
      if (m % 100 === 50) device.fault('T02', m % 200 === 50, `step ${m}`);
      await sleep(8);
    }
  };
  const killing = async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(200 + random() * 1200);
      if (round % 3 !== 1) await stack.killGateway();
      if (round % 3 !== 0) await stack.broker.process.kill();
      await sleep(random() * 400);
      if (!stack.broker.process.isRunning) await stack.broker.start();
      if (!stack.gateway.process.isRunning) await stack.gateway.start();
    }
  };
  await Promise.all([feed(), killing()]);
  await device.drained(60 * SLOW);
  assert.equal(device.takenBack, undefined, 'an acknowledgement was taken back');
  assert.deepEqual((await support.get('/quarantine?device=wire-1')).items, []);

  const teleMessages = device.lanes.bulk.messages.filter(({ kind }) => kind === 'tele').length;
  const numbers = (await stack.rows("SELECT line FROM log JOIN device ON device.id = log.device WHERE device.device = 'wire-1'")).map(({ line }) => line);
  assert.deepEqual(doubled(numbers), []);
  assert.equal(numbers.length, lines, 'log lines');
  await waitFor('the figures of the last turn', async () => (await stack.storedSamples()) === teleMessages * SAMPLES, {
    seconds: 15 * SLOW,
    seen: () => stack.storedSamples(),
  });

  const kept = new Map();
  for (let m = 0; m < MESSAGES * SAMPLES; m += 3600) {
    const from = begun + m * 1000;
    const history = await support.get(`/devices/wire-1/history?metric=level&from_ms=${from}&to_ms=${from + 3600e3}&points=3600`);
    assert.equal(history.step_ms, 1000);
    history.t.forEach((_, i) => {
      assert.equal(history.min[i], history.max[i], 'one sample a second was sent');
      kept.set(history.mean[i], (kept.get(history.mean[i]) ?? 0) + 1);
    });
  }
  const missing = [];
  for (let m = 0; m < MESSAGES; m++) {
    for (let s = 0; s < SAMPLES && m % 10 !== 9; s++) if (kept.get(m * SAMPLES + s) !== 1) missing.push(m * SAMPLES + s);
  }
  assert.deepEqual(missing, [], 'samples that are not there exactly once');
}));

test('alarms and tickets of that time are there exactly once', stack.guard(async () => {
  const events = await stack.count("SELECT count(*) FROM event JOIN device ON device.id = event.device WHERE device.device = 'wire-1'");
  assert.equal(events, 9, 'fault events');
  const alarms = await stack.rows("SELECT alarm, count(*) AS n FROM alarm JOIN device ON device.id = alarm.device WHERE device.device = 'wire-1' GROUP BY alarm, part");
  assert.deepEqual(alarms.map(({ alarm }) => alarm), ['T02']);
  const tickets = (await support.get('/tickets?device=wire-1')).items;
  assert.equal(tickets.length, 1);
  assert.equal(await stack.count("SELECT count(*) FROM ticket_event WHERE kind = (SELECT min(kind) FROM ticket_event)"), 1, 'opened once');
}));

test('the agent is killed too: lines of its log file, samples and codes arrive once', stack.guard(async () => {
  const LINES = 1200;
  const firmware = await Firmware.on(stack, 'machine-k', { agent: { batch: { max_wait: '50ms' } } });
  const { product } = firmware;
  await product.waitOnline(support, 20 * SLOW);
  let isFeeding = true;
  const feed = async () => {
    for (let n = 0; n < LINES; n += 4) {
      await firmware.journal([0, 1, 2, 3].map((i) => `line ${n + i} of machine-k`));
      firmware.gauge('level', n);
      await sleep(30);
    }
    isFeeding = false;
  };
  const killing = async () => {
    for (let round = 0; isFeeding; round++) {
      await sleep(300 + random() * 900);
      const victims = [[product], [product, 'broker'], ['gateway'], [product, 'gateway'], ['broker', 'gateway', product]][round % 5];
      if (victims.includes(product)) await product.process.kill();
      if (victims.includes('gateway')) await stack.killGateway();
      if (victims.includes('broker')) await stack.broker.process.kill();
      await sleep(random() * 300);
      if (!stack.broker.process.isRunning) await stack.broker.start();
      if (!stack.gateway.process.isRunning) await stack.gateway.start();
      if (!product.process.isRunning) await product.startAgent();
    }
  };
  await Promise.all([feed(), killing()]);
  await firmware.waitListening();
  const sql = "SELECT line FROM log JOIN device ON device.id = log.device WHERE device.device = 'machine-k' AND app = 'journal'";
  const lines = async () => (await stack.rows(sql)).map(({ line }) => line);
  await waitFor('all lines of the log file', async () => new Set(await lines()).size >= LINES, {
    seconds: 60 * SLOW,
    every: 500,
    seen: async () => `${(await lines()).length} lines`,
  });
  await sleep(500); // what comes late must not come twice
  const kept = await lines();
  assert.deepEqual(doubled(kept), []);
  const expected = new Set(Array.from({ length: LINES }, (_, n) => `line ${n} of machine-k`));
  assert.deepEqual(kept.filter((line) => !expected.has(line)), []);
  assert.equal(kept.length, LINES);
}));

test('what the agent had when everything was dead arrives; codes open one ticket', stack.guard(async () => {
  const product = stack.products.get('machine-k');
  const firmware = Firmware.of(product);
  await stack.killGateway();
  await stack.broker.process.kill();
  const before = await product.status();
  firmware.fault('T01', 'set', 'while nobody listened');
  await firmware.journal(Array.from({ length: 50 }, (_, n) => `offline ${n}`));
  await waitFor('the spool to hold it', async () => {
    const { collected, spool } = await product.status();
    return collected.logs >= before.collected.logs + 50 && spool.urgent.waiting > 0 && spool.bulk.waiting > 0;
  }, { seconds: 15 * SLOW, seen: async () => JSON.stringify(await product.status()) });
  await product.process.kill();
  await product.startAgent();
  await stack.broker.start();
  await stack.gateway.start();
  const offline = "SELECT count(*) FROM log JOIN device ON device.id = log.device WHERE device.device = 'machine-k' AND line LIKE 'offline %'";
  await waitFor('the lines', async () => (await stack.count(offline)) >= 50, { seconds: 40 * SLOW });
  assert.equal(await stack.count(offline), 50);
  const [ticket, ...others] = await waitFor('the ticket', async () => {
    const all = (await support.get('/tickets?device=machine-k')).items;
    return all.length > 0 && all;
  }, { seconds: 20 * SLOW });
  assert.deepEqual(others, []);
  assert.match(ticket.subject, /T01|Test fault/);
}));

test('the store is whole and the audit log too', stack.guard(async () => {
  assert.deepEqual(await stack.rows('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  assert.deepEqual(await stack.rows('PRAGMA foreign_key_check'), []);
  const { stdout } = await stack.gateway.command('audit', 'verify');
  assert.ok(stdout.length > 0);
  const verified = await stack.gateway.command('store', 'verify'); // beside the running gateway
  assert.match(verified.stdout, /\d+ chunks with \d+ samples, .*: sound$/m);
}));
