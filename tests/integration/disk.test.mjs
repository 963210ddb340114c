// The disk under the gateway or under an agent becomes full, read-only, or fails, and comes back: nothing that was
// acknowledged is lost, nothing is doubled, nobody has to restart anything, and whatever an agent could not keep is counted
// to the message in gap records. The disk is tests/fake/preload/disk.c, between the real programs and their files.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Disk, EIO, ENOSPC, chance, checkWhole, settle } from './faults.mjs';
import { Firmware } from './firmware.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const random = chance();
const stack = await TestStack.start('disk');
const support = await stack.as('support');
const gatewayDisk = await Disk.below(`${stack.gateway.dataDir}/gateway.db`, stack.place, 'gateway');
await stack.gateway.process.stop(20);
stack.gateway.env = gatewayDisk.env;
await stack.gateway.start();
const device = await stack.wireDevice('wire-d', { stallMs: 300 });
await device.drained(30 * SLOW);

const begun = Date.now() - 3600e3;
let n = 0;
function send(messages) {
  for (let i = 0; i < messages; i++, n++) {
    if (n % 8 === 5) device.logs([`line ${n}`]);
    else device.tele([0, 1, 2, 3].map((s) => ['level', begun + (n * 4 + s) * 100, n * 4 + s]));
    if (n % 20 === 10) device.fault('T01', n % 40 === 10, `step ${n}`);
  }
}
const failed = () => stack.gateway.figure('turns_failed_total');
const gatewayLog = () => readFile(stack.place.path('gateway.log'), 'utf8');

/** The disk goes bad under load and comes back; meanwhile the gateway says why it takes nothing and still answers. */
async function suffer(mode, argument, error, reason) {
  const { pid } = stack.gateway.process;
  const before = await failed();
  const logged = (await gatewayLog()).length;
  await gatewayDisk.set(mode, argument, error);
  await waitFor('turns to fail', async () => {
    if (device.lanes.bulk.messages.length - device.lanes.bulk.acked < 200) send(20);
    return (await failed()) > before;
  }, { seconds: 30 * SLOW, every: 10, seen: async () => JSON.stringify(await gatewayDisk.figures()) });
  const acked = device.lanes.bulk.acked;
  assert.match((await gatewayLog()).slice(logged), reason, 'the log says why');
  assert.equal((await support.get('/devices/wire-d')).model, 'test-product', 'reads are answered');
  if (mode !== 'nthFails') {
    const answer = await support.post('/tickets', { device: 'wire-d', subject: 'While the disk is bad', text: 'x', severity: 'minor', source: 'phone' }).catch((problem) => problem);
    assert.ok(answer.id || answer.status === 503, `a change is done or refused with 'try again', not ${answer.status} ${answer.message}`);
    assert.ok(device.lanes.bulk.acked - acked <= 50, 'nothing is acknowledged');
  }
  await gatewayDisk.set('ok');
  await device.drained(60 * SLOW);
  assert.equal(stack.gateway.process.pid, pid);
  assert.ok(stack.gateway.process.isRunning, 'it is the same process');
}

for (const [what, mode, argument, error, reason] of [
  ['full at once', 'full', 0, EIO, /turn_failed.*full/],
  ['full in the middle of a page', 'full', 5000, EIO, /turn_failed.*full/],
  ['full after a while', 'full', 150000, EIO, /turn_failed.*full/],
  ['read-only', 'readonly', 0, EIO, /turn_failed/],
  ['not able to sync', 'syncFails', 0, EIO, /turn_failed/],
  ['out of space for one call', 'nthFails', 9, ENOSPC, /turn_failed.*full/],
  ['broken for one call', 'nthFails', 12, EIO, /turn_failed/],
]) {
  test(`promise_5_the gateway's disk is ${what}`, stack.guard(() => suffer(mode, argument, error, reason).finally(() => gatewayDisk.set('ok'))));
}

test('promise_5_nothing was lost or doubled, and the store is whole', stack.guard(async () => {
  await settle(stack, "gateway's disk", [device], { turns_failed: await failed() });
  await checkWhole(stack);
}));

test('promise_7_a gateway that could not sync and was killed then has what it acknowledged', stack.guard(async () => {
  await gatewayDisk.set('syncFails');
  const before = await failed();
  send(60);
  await waitFor('turns to fail', async () => (await failed()) > before, { seconds: 30 * SLOW, every: 20 });
  await stack.killGateway();
  await gatewayDisk.set('ok');
  await stack.gateway.start();
  await device.drained(60 * SLOW);
  await settle(stack, 'killed while syncs failed', [device]);
  await checkWhole(stack);
}));

test('promise_5_a gateway that is started on a bad disk says so and ends; or serves, when it can', stack.guard(async () => {
  for (const mode of ['full', 'readonly']) {
    await stack.gateway.process.stop(20);
    await gatewayDisk.set(mode);
    const logged = (await gatewayLog()).length;
    const isUp = await stack.gateway.start().then(() => true, () => false);
    if (!isUp) {
      await waitFor('it to end', () => !stack.gateway.process.isRunning, { seconds: 20 * SLOW });
      assert.equal(stack.gateway.process.end.signal, null, 'it did not crash');
      assert.match((await gatewayLog()).slice(logged), /gateway\.db/, 'it names the file');
    }
    console.log(`started on a disk that is ${mode}: ${isUp ? 'serves' : 'refuses'}`);
    await gatewayDisk.set('ok');
    if (!isUp) await stack.gateway.start();
    send(10);
    await device.drained(60 * SLOW);
  }
  await settle(stack, 'started on a bad disk', [device]);
}));

/* ---- the agent's disk -------------------------------------------------------------------------------------------------- */

const agentFolder = stack.place.path('machine-d/data');
const agentDisk = await Disk.below(agentFolder, stack.place, 'agent');
const machine = await Firmware.on(stack, 'machine-d', { env: agentDisk.env, agent: { batch: { max_wait: '20ms' }, broker: { backoff_min: '100ms', backoff_max: '1s' }, statsd: { flush: '100ms' } } });
const { product } = machine;
let fed = 0;

/** Lines of its log file and as many datagrams, a few at a time: many messages, not one. */
async function feed(lines) {
  for (let i = 0; i < lines; i++) {
    await machine.journal([`line ${fed++} ${'x'.repeat(200)}`]);
    machine.log(6, 'radio', `word ${fed}`);
    if (i % 5 === 4) await sleep(25);
  }
}

/** Until the agent has done `more` things with its disk since the disk became as it is. */
const diskUsed = (what, more) => waitFor(`the agent's disk: ${more} ${what}`, async () => (await agentDisk.figures())[what] >= more, { seconds: 30 * SLOW, every: 20, seen: async () => JSON.stringify(await agentDisk.figures()) });
const spool = async () => (await product.status()).spool;
const gone = async () => (await stack.count("SELECT coalesce(sum(gap_count), 0) FROM event JOIN device ON device.id = event.device WHERE device.device = 'machine-d'"));
const linesKept = async () => (await stack.rows("SELECT line FROM log JOIN device ON device.id = log.device WHERE device.device = 'machine-d' AND app = 'journal'")).map(({ line }) => Number(line.split(' ')[1]));
const drained = () => waitFor('the agent to have sent everything', async () => {
  const { bulk, urgent } = await spool();
  return bulk.waiting === 0 && urgent.waiting === 0;
}, { seconds: 60 * SLOW, seen: async () => JSON.stringify(await spool()) });

for (const [what, mode, argument] of [
  ['full', 'full', 0],
  ['full after a while', 'full', 3000],
  ['read-only', 'readonly', 0],
  ['not able to sync', 'syncFails', 0],
]) {
  test(`the agent's disk is ${what}: what it could not keep is told to the message, and it goes on`, stack.guard(async () => {
    if (!stack.gateway.process.isRunning) await stack.gateway.start(); // a test before this one failed
    await agentDisk.set('ok');
    await feed(20);
    const whole = fed;
    await waitFor('its lines', async () => (await linesKept()).includes(whole - 1), { seconds: 30 * SLOW, every: 50 });
    const before = { gone: await gone(), dropped: (await spool()).bulk.dropped };
    await stack.killGateway(); // nobody takes anything: the spool has to
    await agentDisk.set('ok');
    await feed(20);
    await diskUsed('calls', 5);
    await agentDisk.set(mode, argument);
    await feed(60);
    await diskUsed(mode === 'syncFails' ? 'calls' : 'refused', 1); // how often it syncs is its own business
    await agentDisk.set('ok');
    const good = fed; // what comes from here on is kept; of what came before, some was not read yet
    await feed(50);
    await stack.gateway.start();
    await waitFor('the newest line', async () => (await linesKept()).includes(fed - 1), { seconds: 60 * SLOW, every: 100 });
    await drained();
    const lost = (await gone()) - before.gone;
    const kept = await linesKept();
    const there = new Set(kept);
    const missing = Array.from({ length: fed }, (_, line) => line).filter((line) => !there.has(line));
    const { dropped } = (await spool()).bulk;
    console.log(`agent's disk ${what}: lines ${fed}, of them gone so far ${missing.length}; messages gone ${dropped - before.dropped}, told in gap records ${lost}, doubled ${kept.length - there.size}`);
    assert.equal(there.size, kept.length, 'no line twice');
    assert.equal(lost, dropped - before.dropped, 'gap records count what was dropped');
    assert.equal(lost > 0, missing.some((line) => line >= whole), 'lines are missing only where a gap says so');
    assert.deepEqual(missing.filter((line) => line >= good), [], 'lines of after the trouble');
    if (mode === 'syncFails') assert.equal(lost, 0, 'a disk that takes writes loses nothing while it has power');
    assert.ok(product.process.isRunning);
  }));
}
