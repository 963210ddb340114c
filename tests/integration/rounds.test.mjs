// A hundred rounds and more of SIGKILL: agent, broker and gateway, alone and together, at random moments under load. Then
// it is counted in the store's file. Whenever the gateway is killed its file is asked at once for everything that had been
// acknowledged.
//
// Who sends. Wire devices: samples, log lines and fault codes, exact to the record. Two real agents that follow a log file,
// one of which is killed again and again: exact, because what an agent has read of a file is in its spool or is read again.
// The other also gets statsd and syslog datagrams, of which none may be lost while it lives.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { account, chance, checkAcknowledged, checkWhole, samplesOf, settle } from './faults.mjs';
import { Firmware } from './firmware.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 105);
const random = chance();
const stack = await TestStack.start('rounds');
const wires = await Promise.all(['wire-1', 'wire-2', 'wire-3'].map((id) => stack.wireDevice(id, { stallMs: 300 })));
const agentOptions = { agent: { batch: { max_wait: '50ms' }, broker: { backoff_min: '100ms', backoff_max: '1s' } } };
const mortal = await Firmware.on(stack, 'machine-m', agentOptions);
const steady = await Firmware.on(stack, 'machine-s', agentOptions);

const VICTIMS = [['agent'], ['broker'], ['gateway'], ['gateway'], ['agent', 'broker'], ['broker', 'gateway'], ['agent', 'gateway'], ['agent', 'broker', 'gateway']];
const killed = { agent: 0, broker: 0, gateway: 0 };
const acked = () => wires.reduce((sum, { lanes }) => sum + lanes.bulk.acked, 0);

async function kill(victims) {
  for (const victim of victims) killed[victim]++;
  if (victims.includes('agent')) await mortal.product.process.kill();
  if (victims.includes('broker')) await stack.broker.process.kill();
  if (victims.includes('gateway')) {
    await stack.killGateway();
    await checkAcknowledged(stack, wires);
  }
}

async function revive(victims) {
  if (victims.includes('broker')) await stack.broker.start();
  if (victims.includes('gateway')) await stack.gateway.start();
  if (victims.includes('agent')) await mortal.product.startAgent();
}

/** Sends until told to stop, in bursts that keep every window full now and then; what was sent through the agents. */
async function feed(isOver) {
  const sent = { lines: 0, syslog: 0 };
  const begun = Date.now() - 24 * 3600e3;
  let n = 0;
  for (; !isOver(); n++) {
    for (const device of wires) {
      if (device.lanes.bulk.messages.length - device.lanes.bulk.acked > 150) continue;
      if (n % 7 === 3) device.logs([`line ${n} a`, `line ${n} b`]);
      else device.tele([0, 1, 2, 3].map((s) => ['level', begun + (n * 4 + s) * 100, n * 4 + s]));
      if (n % 100 === 50) device.fault('T02', n % 200 === 50, `step ${n}`);
    }
    if (n % 4 === 0) {
      await mortal.journal([`line ${sent.lines}`]);
      await steady.journal([`line ${sent.lines}`]);
      steady.log(5, 'radio', `word ${sent.syslog}`);
      steady.gauge('level', n);
      sent.lines += 1;
      sent.syslog += 1;
    }
    await sleep(5); // the rate of the load, nothing is waited for
  }
  return sent;
}

let sent;
test('promise_1_kills_lose_and_double_nothing', stack.guard(async () => {
  let isOver = false;
  await Promise.all(wires.map((device) => device.drained(30 * SLOW)));
  const feeding = feed(() => isOver);
  const begun = Date.now();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const goal = acked() + (random() < 0.4 ? 0 : random.below(60)); // 0: killed again while it recovers
      await waitFor(`round ${round}: the gateway to go on acknowledging`, () => acked() >= goal, { seconds: 60 * SLOW, every: 3, seen: () => `${acked()} of ${goal}` });
      await sleep(random() * 40); // the moment is to be any
      const victims = random.pick(VICTIMS);
      await kill(victims);
      await revive(victims);
    }
  } finally {
    isOver = true;
  }
  sent = await feeding;
  console.log(`${ROUNDS} rounds in ${((Date.now() - begun) / 1000).toFixed(0)} s`);
  await Promise.all(wires.map((device) => device.drained(60 * SLOW)));
  await settle(stack, 'wire devices', wires, { rounds: ROUNDS, kills_of_agent: killed.agent, kills_of_broker: killed.broker, kills_of_gateway: killed.gateway });
}));

const linesOf = async (device, app) => (await stack.rows(`SELECT line FROM log JOIN device ON device.id = log.device WHERE device.device = '${device}' AND app = '${app}'`)).map(({ line }) => line);

for (const [what, id, app, word, count] of [
  ['the agent that was killed: its log file', 'machine-m', 'journal', 'line', () => sent.lines],
  ['the agent that lived: its log file', 'machine-s', 'journal', 'line', () => sent.lines],
  ['the agent that lived: its datagrams', 'machine-s', 'radio', 'word', () => sent.syslog],
]) {
  test(`promise_1_agents: ${what}`, stack.guard(async () => {
    const expected = Array.from({ length: count() }, (_, n) => `${word} ${n}`);
    await waitFor('its lines', async () => (await linesOf(id, app)).length >= expected.length, { seconds: 60 * SLOW, every: 300, seen: async () => `${(await linesOf(id, app)).length} of ${expected.length}` });
    await waitFor('the spool to be empty: what comes late must not come twice', async () => {
      const { spool } = await stack.products.get(id).status();
      return spool.bulk.waiting === 0 && spool.urgent.waiting === 0;
    }, { seconds: 30 * SLOW, seen: async () => JSON.stringify((await stack.products.get(id).status()).spool) });
    const { lost, doubled, strange } = account(expected, await linesOf(id, app));
    console.log(`${id} ${app}: records ${expected.length}, lost ${lost.length}, doubled ${doubled.length}`);
    assert.deepEqual({ lost: lost.slice(0, 9), doubled: doubled.slice(0, 9), strange: strange.slice(0, 9) }, { lost: [], doubled: [], strange: [] });
  }));
}

test('promise_1_agents: every sample that the living agent collected is stored once', stack.guard(async () => {
  const status = () => steady.product.status();
  await waitFor('it to have sent everything', async () => {
    const { spool, collected } = await status();
    const stored = (await samplesOf(stack.place, `${stack.gateway.dataDir}/gateway.db`)).get('machine-s level -') ?? [];
    return spool.bulk.waiting === 0 && stored.length === collected.samples;
  }, { seconds: 30 * SLOW, every: 300, seen: async () => JSON.stringify(await status()) });
  const stored = (await samplesOf(stack.place, `${stack.gateway.dataDir}/gateway.db`)).get('machine-s level -');
  assert.equal(new Set(stored.map(([ms]) => ms)).size, stored.length, 'no time twice');
}));

test('alarms and tickets of that time are there once, the store is whole', stack.guard(async () => {
  const alarms = await stack.rows("SELECT device.device, count(*) AS n FROM alarm JOIN device ON device.id = alarm.device WHERE alarm = 'T02' GROUP BY 1");
  assert.deepEqual(alarms, wires.map(({ id }) => ({ device: id, n: 1 })));
  assert.equal(await stack.count("SELECT count(*) FROM ticket JOIN device ON device.id = ticket.device WHERE device.device LIKE 'wire-%'"), wires.length);
  assert.equal(await stack.count("SELECT count(*) FROM event WHERE gap_count > 0"), 0, 'gap records');
  await checkWhole(stack);
  const { stdout } = await stack.gateway.command('audit', 'verify');
  assert.ok(stdout.length > 0);
}));
