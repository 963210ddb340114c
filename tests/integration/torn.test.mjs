// A power cut or a bad flash cell takes bytes of an agent's spool: what was whole before it arrives, and for what is gone the
// gateway gets gap records. Between two runs of the real agent, of which each believes to be after a reboot, the newest
// segment is cut at a random place, or a bit is turned in one of the newest; sixty times. Nobody listens meanwhile, so that
// everything stays in the spool; after every six cuts it is all sent, and counted.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Disk, chance, checkWhole } from './faults.mjs';
import { Firmware } from './firmware.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const CUTS = Number(process.env.CUTS ?? 60);
const EACH = 6; // cuts while nobody listens; then everything is sent
const HEAD_BYTES = 96;
const RECORD_BYTES = 48;
const random = chance();
const stack = await TestStack.start('torn');
const boot = stack.place.path('boot_id');
const reboot = () => writeFile(boot, `${randomUUID()}\n`);
await reboot();
const disk = await Disk.below(stack.place.path('machine-t/data'), stack.place, 'agent', { FL_DISK_BOOT: boot });
const machine = await Firmware.on(stack, 'machine-t', { env: disk.env, agent: { batch: { max_wait: '20ms' }, spool: { sync: '1s', bytes: '64MiB' } } });
const { product } = machine;
const lane = `${product.folder}/data/spool/bulk`;

/** The records of the newest segment file, which is whole: a start after a reboot begins a new one. */
async function newest() {
  const name = (await readdir(lane)).filter((file) => file.endsWith('.seg')).sort().at(-1);
  const path = `${lane}/${name}`;
  const bytes = await readFile(path);
  const records = [];
  for (let at = HEAD_BYTES; at + RECORD_BYTES <= bytes.length && bytes.toString('latin1', at, at + 4) === 'FLR1';) {
    const end = at + RECORD_BYTES + bytes.readUInt32BE(at + 4);
    const seq = Number(bytes.readBigUInt64BE(at + 8));
    if (end > bytes.length || seq <= (records.at(-1)?.seq ?? 0)) break; // being written, or left over from before
    records.push({ at, end, seq, lines: (JSON.parse(bytes.toString('utf8', at + RECORD_BYTES, end)).logs ?? []).map(({ msg }) => msg) });
    at = end;
  }
  return { path, records };
}

let fed = 0;
let taken = 0; // the gateway has everything up to this number
let round = []; // the segments since the last time that everything was sent, as they were when whole
const gone = new Set(); // lines whose record was damaged
const damaged = new Map(); // such a record's number -> 'damaged', or 'power' when it belongs to what a power cut took

/** Some messages more, each in the spool before the next. */
async function feed() {
  for (const count = fed + 2 + random.below(4); fed < count; fed++) {
    const line = `line ${fed}`;
    machine.log(6, 'radio', line);
    await waitFor(`'${line}' to be in the spool`, async () => (await newest()).records.some(({ lines }) => lines.includes(line)), { seconds: 20 * SLOW, every: 5 });
  }
}

/** The end of the newest segment is gone, or a bit of one of the segments is another; notes what that costs. */
async function damage() {
  const last = round.at(-1);
  const isCut = random() < 0.5;
  const { path, records } = isCut ? last : random.pick(round.slice(-3));
  const { size } = await stat(path);
  const at = HEAD_BYTES + random.below(size - HEAD_BYTES);
  if (isCut) await truncate(path, at);
  else {
    const bytes = await readFile(path);
    bytes[at] ^= 1 << random.below(8);
    await writeFile(path, bytes);
  }
  for (const { at: begin, end, seq, lines } of records) {
    if (end <= at || (!isCut && begin > at) || seq <= taken) continue;
    if (!damaged.has(seq)) damaged.set(seq, 'damaged');
    for (const line of lines) gone.add(line);
  }
  const whole = last.records.filter(({ seq }) => !damaged.has(seq)).at(-1)?.seq ?? 0;
  for (const { seq } of last.records) if (seq > whole && seq > taken) damaged.set(seq, 'power');
}

const rowsOf = (columns, table, where) => stack.rows(`SELECT ${columns} FROM ${table} JOIN device ON device.id = ${table}.device WHERE device.device = 'machine-t' AND ${where}`);
const keptLines = async () => (await rowsOf('line', 'log', "app = 'radio'")).map(({ line }) => line);

test('a torn spool loses what was torn, and says how much', stack.guard(async () => {
  await waitFor('its introduction', async () => (await product.status()).spool.urgent.waiting === 0, { seconds: 30 * SLOW });
  for (let cut = 0; cut < CUTS; cut++) {
    if (cut % EACH === 0) await stack.killGateway();
    await feed();
    await product.process.kill();
    round.push(await newest());
    await damage();
    await reboot();
    await product.startAgent();
    await machine.waitListening();
    if (cut % EACH !== EACH - 1) continue;
    await feed();
    await stack.gateway.start();
    await waitFor('the newest line', async () => (await keptLines()).includes(`line ${fed - 1}`), { seconds: 60 * SLOW, every: 100, seen: async () => JSON.stringify((await product.status()).spool) });
    round = [];
    taken = (await newest()).records.at(-1).seq;
  }
  const kept = await keptLines();
  const there = new Set(kept);
  const lost = Array.from({ length: fed }, (_, n) => `line ${n}`).filter((line) => !there.has(line) && !gone.has(line));
  const gaps = await rowsOf('gap_count AS n, line', 'event', 'gap_first_ms > 0');
  const told = gaps.filter(({ line }) => /damaged/.test(line)).reduce((sum, { n }) => sum + n, 0);
  const cuts = gaps.filter(({ line }) => /power/.test(line)).length;
  const expected = [...damaged.values()].filter((why) => why === 'damaged').length;
  console.log(`torn spool: cuts ${CUTS}, lines ${fed}, damaged messages ${damaged.size}, of them at a torn end ${damaged.size - expected}, told as damaged ${told}, told of power cuts ${cuts}, whole ones lost ${lost.length}, doubled ${kept.length - there.size}`);
  assert.deepEqual(lost.slice(0, 10), [], 'lines of whole records that are missing');
  assert.equal(kept.length, there.size, 'no line twice');
  assert.deepEqual([...gone].filter((line) => there.has(line)), [], 'damaged records are not taken for whole');
  assert.equal(told, expected, `gap records count what was damaged: ${JSON.stringify(gaps.filter(({ n }) => n > 0).slice(0, 8))}`);
  assert.ok(cuts >= CUTS / EACH && cuts <= 2 * CUTS, 'and tell of power cuts, once a lane');
  await checkWhole(stack);
}));
