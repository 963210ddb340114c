// What the tests of faults share: chance that can be repeated, a disk that misbehaves, and the accounts: what was sent
// against what the store holds, read from its file.
import assert from 'node:assert/strict';
import { cp, open, rm, writeFile } from 'node:fs/promises';
import { run } from '../../deploy/demo/process.mjs';

/** Between 0 and 1, the same for each seed; the seed is printed so that a failure can be run again: SEED=n node --test FILE */
export function chance() {
  const seed = Number(process.env.SEED ?? Date.now() % 1e6);
  let state = (seed * 2654435761) >>> 0;
  console.log(`SEED=${seed}`);
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  random.below = (n) => Math.floor(random() * n);
  random.pick = (list) => list[random.below(list.length)];
  return random;
}

const MODES = { ok: 0n, full: 1n, readonly: 2n, syncFails: 3n, nthFails: 4n };
export const EIO = 5n;
export const ENOSPC = 28n;

/** tests/fake/preload/disk.c, for the files below `folder` of the process that is started with `env`. */
export class Disk {
  static async below(folder, place, name, more = {}) {
    const disk = new Disk();
    disk.control = place.path(`${name}.disk`);
    await writeFile(disk.control, Buffer.alloc(48));
    disk.env = {
      LD_PRELOAD: place.program('preload-disk.so'),
      FL_DISK_PREFIX: folder,
      FL_DISK_CONTROL: disk.control,
      // The library stands before the sanitizer's; that is harmless, for it passes on what it does not refuse.
      ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0`,
      ...more,
    };
    return disk;
  }

  async #put(words, at = 0) {
    const file = await open(this.control, 'r+'); // in place: it is mapped
    try {
      await file.write(Buffer.from(new BigUint64Array(words).buffer), 0, words.length * 8, at);
    } finally {
      await file.close();
    }
  }

  /** 'ok', 'full' (argument: bytes that are free), 'readonly', 'syncFails', 'nthFails' (argument: which call; error). */
  async set(mode, argument = 0, error = EIO) {
    await this.#put([BigInt(argument), error, 0n, 0n, 0n], 8);
    await this.#put([MODES[mode]]);
  }

  /** Since set(). */
  async figures() {
    const file = await open(this.control);
    const { buffer } = await file.read(Buffer.alloc(48), 0, 48, 0).finally(() => file.close());
    const at = (i) => Number(buffer.readBigUInt64LE(i * 8));
    return { calls: at(3), refused: at(4), syncs: at(5) };
  }
}

/** Every sample of a store's file, by "DEVICE METRIC PART": [[event_ms, value], ...] in the order of the file. */
export async function samplesOf(place, file) {
  const { stdout } = await run(place.program('store-ledger'), [file]);
  const series = new Map();
  for (const line of stdout.split('\n')) {
    const [device, metric, part, ms, value] = line.split(' ');
    if (value === undefined) continue;
    const name = `${device} ${metric} ${part}`;
    if (!series.has(name)) series.set(name, []);
    series.get(name).push([Number(ms), Number(value)]);
  }
  return series;
}

/** {lost, doubled, strange}: of what was expected (a list of keys, each once) against what is there. */
export function account(expected, found) {
  const counts = new Map(expected.map((key) => [key, 0]));
  assert.equal(counts.size, expected.length, 'the test itself sent something twice');
  const strange = [];
  for (const key of found) {
    if (counts.has(key)) counts.set(key, counts.get(key) + 1);
    else strange.push(key);
  }
  const with_ = (matches) => [...counts].filter(([, n]) => matches(n)).map(([key]) => key);
  return { lost: with_((n) => n === 0), doubled: with_((n) => n > 1), strange };
}

/** What a wire device has sent, as keys, and what the store has of it. */
export async function accountOf(stack, device, series) {
  const sent = [];
  for (const { kind, payload } of [...device.lanes.bulk.messages, ...device.lanes.urgent.messages]) {
    const body = JSON.parse(payload);
    if (kind === 'tele') for (const { n, t, v } of body) sent.push(`${n} ${Math.round(t * 1000)} ${v}`);
    if (kind === 'log') for (const { msg } of body.logs) sent.push(`log ${msg}`);
    if (kind === 'event') sent.push(`event ${body.code ?? ''} ${body.text}`);
  }
  const found = [];
  for (const metric of device.metrics) {
    for (const [ms, value] of series.get(`${device.id} ${metric} -`) ?? []) found.push(`${metric} ${ms} ${value}`);
  }
  const of = (table) => stack.rows(`SELECT * FROM ${table} JOIN device ON device.id = ${table}.device WHERE device.device = '${device.id}'`);
  for (const { line } of await of('log')) found.push(`log ${line}`);
  for (const { code, line } of await of('event')) found.push(`event ${code} ${line}`);
  return { records: sent.length, ...account(sent, found) };
}

/** The accounts of all of them in one line of figures; lost and doubled must be none. */
export async function settle(stack, title, devices, more = {}) {
  const series = await samplesOf(stack.place, `${stack.gateway.dataDir}/gateway.db`);
  const accounts = await Promise.all(devices.map((device) => accountOf(stack, device, series)));
  const sum = (pick) => accounts.reduce((total, one) => total + pick(one), 0);
  const figures = { ...more, records: sum((a) => a.records), lost: sum((a) => a.lost.length), doubled: sum((a) => a.doubled.length) };
  console.log(`${title}: ${Object.entries(figures).map(([name, value]) => `${name} ${value}`).join(', ')}`);
  accounts.forEach((one, i) => {
    for (const what of ['lost', 'doubled', 'strange']) {
      assert.deepEqual(one[what].slice(0, 20), [], `${devices[i].id}: ${one[what].length} records ${what}`);
    }
    assert.equal(devices[i].takenBack, undefined, `${devices[i].id}: an acknowledgement was taken back`);
  });
  return figures;
}

/** The store's file is whole: SQLite's own check, references, and what the triggers count. */
export async function checkWhole(stack) {
  assert.deepEqual(await stack.rows('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
  assert.deepEqual(await stack.rows('PRAGMA foreign_key_check'), []);
}

/** Rows of a copy of the dead gateway's store: asking the file itself would recover and tidy it. */
export async function rowsOfDead(stack, sql) {
  const copy = stack.place.path('dead.db');
  const file = `${stack.gateway.dataDir}/gateway.db`;
  await rm(`${copy}-shm`, { force: true });
  await cp(file, copy);
  await cp(`${file}-wal`, `${copy}-wal`).catch(() => rm(`${copy}-wal`, { force: true }));
  const { stdout } = await run('sqlite3', ['-json', copy, sql]);
  return stdout.trim() === '' ? [] : JSON.parse(stdout);
}

/** Nothing that was acknowledged to these devices is missing in what the killed gateway left. */
export async function checkAcknowledged(stack, devices, acked) {
  const rows = await rowsOfDead(stack, 'SELECT stream.stream, seq FROM stream JOIN position ON position.stream = stream.id');
  const kept = new Map(rows.map(({ stream, seq }) => [stream, seq]));
  for (const device of devices) {
    for (const lane of Object.values(device.lanes)) {
      const told = acked?.get(lane.stream) ?? lane.ackedMost;
      assert.ok((kept.get(lane.stream) ?? 0) >= told, `${device.id}: acknowledged up to ${told}, kept up to ${kept.get(lane.stream)}`);
    }
  }
}
