// Power is cut while the gateway takes records in: whatever it had acknowledged is in its store afterwards, and the store is
// whole. The gateway runs on a disk that records every write and sync; from that, what a cut at any moment could have left
// is made afresh, hundreds of times, and looked at. In the middle the disk fails to sync for a while, which must not be
// taken for done when a later sync succeeds.
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../deploy/demo/process.mjs';
import { PlatterDisk, readRecord } from './cut.mjs';
import { Disk, account, chance, checkWhole, samplesOf, settle } from './faults.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const CUTS = Number(process.env.CUTS ?? 220);
const STARTS = 4; // cuts after which the real gateway is started
const random = chance();
const stack = await TestStack.start('power');
const device = await stack.wireDevice('wire-p', { stallMs: 300 });
const begun = Date.now() - 3600e3;
await device.drained(30 * SLOW);

/** What the device had been told, and when: [at, stream, seq]. */
const told = [];
device.onAck = (lane, seq) => told.push([process.hrtime.bigint(), lane.stream, seq]);
const ackedBefore = (ns) => {
  const acked = new Map();
  for (const [at, stream, seq] of told) if (at < ns) acked.set(stream, seq);
  return acked;
};

let n = 0;
function send(messages) {
  for (let i = 0; i < messages; i++, n++) {
    if (n % 8 === 5) device.logs([`line ${n}`]);
    else device.tele([0, 1, 2, 3].map((s) => ['level', begun + (n * 4 + s) * 100, n * 4 + s]));
    if (n % 40 === 20) device.fault('T01', n % 80 === 20, `step ${n}`);
  }
}

let records;
let base;
test('a gateway runs on a recorded disk that sometimes fails to sync', stack.guard(async () => {
  await stack.gateway.process.stop(20);
  base = { 'gateway.db': await readFile(`${stack.gateway.dataDir}/gateway.db`) };
  const record = stack.place.path('power.record');
  const disk = await Disk.below(`${stack.gateway.dataDir}/`, stack.place, 'power', { FL_DISK_RECORD: record });
  stack.gateway.env = disk.env;
  await stack.gateway.start();
  for (let burst = 0; burst < 450; burst++) {
    const isFailing = burst === 60 || burst === 120;
    if (isFailing) {
      await device.drained(60 * SLOW); // no acknowledgement of before is under way
      await disk.set('syncFails');
    }
    const { acked } = device.lanes.bulk;
    send(10);
    if (isFailing) {
      await waitFor('a sync to fail', async () => (await disk.figures()).refused > 0, { seconds: 10 * SLOW, every: 10 });
      await waitFor('turns to fail', async () => (await stack.gateway.figure('turns_failed_total')) > 0, { seconds: 10 * SLOW, every: 20 });
      assert.equal(device.lanes.bulk.acked, acked, 'nothing is acknowledged while syncs fail');
      await disk.set('ok');
    }
    await sleep(random() * 15); // so that turns are of different sizes
  }
  await device.drained(60 * SLOW);
  await stack.killGateway();
  records = (await readRecord(record)).filter(({ path }) => /^gateway\.db(-wal)?$/.test(path));
  const moved = records.filter(({ act, path }) => act === 1 && path === 'gateway.db').length;
  assert.ok(records.length > CUTS && moved > 0, `${records.length} recorded, ${moved} of them pages moved from the log into the file`);
}));

/** Positions, and of some cuts every record that must be there and must not be. */
async function look(folder, acked, isCounted) {
  const file = `${folder}/gateway.db`;
  const { stdout } = await run('sqlite3', ['-json', file, "PRAGMA integrity_check; SELECT stream.stream, seq FROM stream JOIN position ON position.stream = stream.id; SELECT line FROM log WHERE line LIKE 'line %'"]);
  const [check, rows, lines] = [...stdout.matchAll(/^\[.*?\]$/gms)].map(([text]) => JSON.parse(text));
  assert.deepEqual(check, [{ integrity_check: 'ok' }]);
  const kept = new Map((rows ?? []).map(({ stream, seq }) => [stream, seq]));
  for (const [stream, seq] of acked) assert.ok((kept.get(stream) ?? 0) >= seq, `acknowledged up to ${seq}, kept up to ${kept.get(stream)}`);
  if (!isCounted) return;
  const { messages, stream } = device.lanes.bulk;
  const expected = [];
  for (const { kind, payload } of messages.slice(0, kept.get(stream) ?? 0)) {
    const body = JSON.parse(payload);
    if (kind === 'tele') for (const { t, v } of body) expected.push(`${Math.round(t * 1000)} ${v}`);
    else for (const { msg } of body.logs) expected.push(msg);
  }
  const samples = (await samplesOf(stack.place, file)).get('wire-p level -') ?? [];
  const { lost, doubled, strange } = account(expected, [...samples.map(([ms, v]) => `${ms} ${v}`), ...(lines ?? []).map(({ line }) => line)]);
  assert.deepEqual([lost.length, doubled.length, strange.length], [0, 0, 0], 'lost, doubled, not yet taken');
}

test('promise_2_power_cuts_lose_nothing_acknowledged', stack.guard(async () => {
  const folder = stack.place.path('cut');
  const indices = Array.from({ length: CUTS }, () => 1 + random.below(records.length)).sort((a, b) => a - b);
  const started = new Set(Array.from({ length: STARTS }, () => random.below(CUTS)));
  const platter = new PlatterDisk(records, base);
  const toStart = [];
  let unsynced = 0;
  for (const [i, index] of indices.entries()) {
    platter.advance(index);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    unsynced += (await platter.cut(folder, random)) > 0 ? 1 : 0;
    const acked = ackedBefore(records[index]?.atNs ?? process.hrtime.bigint());
    if (started.has(i)) {
      const kept = stack.place.path(`cut-${i}`);
      await mkdir(kept);
      for (const name of ['gateway.db', 'gateway.db-wal']) await copyFile(`${folder}/${name}`, `${kept}/${name}`).catch(() => {});
      toStart.push({ kept, acked });
    }
    await look(folder, acked, i % 3 === 0).catch((error) => { throw new Error(`cut ${i} before record ${index} of ${records.length}: ${error.message}`, { cause: error }); });
  }
  const failedSyncs = records.filter(({ act }) => act === 5).length;
  console.log(`power cuts: cuts ${CUTS}, of them with unsynced writes ${unsynced}, acknowledgements ${told.length}, failed syncs ${failedSyncs}, lost 0, doubled 0`);
  assert.ok(unsynced > CUTS / 10 && failedSyncs > 0);
  for (const one of toStart) await goOn(one);
}));

/** The real gateway starts on what a cut left, and the device, which knows what it was told, goes on from there. */
async function goOn({ kept, acked }) {
  stack.gateway.env = undefined;
  for (const name of ['gateway.db', 'gateway.db-wal', 'gateway.db-shm']) {
    await rm(`${stack.gateway.dataDir}/${name}`, { force: true });
    await copyFile(`${kept}/${name}`, `${stack.gateway.dataDir}/${name}`).catch(() => {});
  }
  for (const lane of Object.values(device.lanes)) lane.acked = lane.sent = lane.ackedMost = acked.get(lane.stream) ?? 0;
  await stack.gateway.start(); // it says at once how far the streams are
  device.client.stream.destroy(); // it was away too
  send(5);
  await device.drained(30 * SLOW);
  await settle(stack, 'started after a cut', [device]);
  await checkWhole(stack);
  await stack.killGateway();
}
