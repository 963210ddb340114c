// A power cut or a bad flash cell takes bytes of an agent's spool: what was whole before it arrives, and for what is gone the
// gateway gets gap records. Between two runs of the real agent, of which each believes to be after a reboot, the newest
// segment is cut at a random place, or a bit is turned somewhere; fifty times and more. Nobody listens meanwhile, so that
// everything stays in the spool; at the end it is all sent and counted.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Disk, chance, checkWhole } from './faults.mjs';
import { Firmware } from './firmware.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const CUTS = Number(process.env.CUTS ?? 60);
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

/** [{path, bytes, records: [{at, end, seq, kind, lines}]}] of the bulk lane, oldest first; damage ends a segment's list. */
async function segments() {
  const names = (await readdir(lane)).filter((name) => name.endsWith('.seg')).sort();
  return Promise.all(names.map(async (name) => {
    const path = `${lane}/${name}`;
    const bytes = await readFile(path);
    const records = [];
    for (let at = HEAD_BYTES; at + RECORD_BYTES <= bytes.length && bytes.toString('latin1', at, at + 4) === 'FLR1';) {
      const end = at + RECORD_BYTES + bytes.readUInt32BE(at + 4);
      if (end > bytes.length) break;
      const lines = (JSON.parse(bytes.toString('utf8', at + RECORD_BYTES, end)).logs ?? []).map(({ msg }) => msg);
      records.push({ at, end, seq: Number(bytes.readBigUInt64BE(at + 8)), lines });
      at = end;
    }
    return { path, bytes, records };
  }));
}

let fed = 0;
const gone = new Set(); // lines whose record was damaged
const safe = new Set(); // lines of whole records
const damaged = new Set(); // numbers of messages

/** Some lines more, each in the spool afterwards. */
async function feed() {
  const count = 2 + random.below(5);
  const last = `line ${fed + count - 1}`;
  for (let i = 0; i < count; i++) machine.log(6, 'radio', `line ${fed++}`);
  await waitFor(`'${last}' to be in the spool`, async () => (await segments()).some(({ records }) => records.some(({ lines }) => lines.includes(last))), { seconds: 20 * SLOW, every: 20 });
}

/** Damages a place of the newest segments; notes what that costs. */
async function damage() {
  const all = (await segments()).filter(({ records }) => records.length > 0);
  const { path, bytes, records } = all.at(-1);
  if (random() < 0.5) {
    const at = HEAD_BYTES + 1 + random.below(bytes.length - HEAD_BYTES - 1);
    await truncate(path, at);
    for (const record of records) if (record.end > at) lose(record);
  } else {
    const at = HEAD_BYTES + random.below(bytes.length - HEAD_BYTES);
    bytes[at] ^= 1 << random.below(8);
    await writeFile(path, bytes);
    for (const record of records) if (record.at <= at && at < record.end) lose(record);
  }
}

function lose({ seq, lines }) {
  damaged.add(seq);
  for (const line of lines) gone.add(line);
}

test('a torn spool loses what was torn, and says so', stack.guard(async () => {
  await waitFor('its introduction', async () => (await product.status()).spool.urgent.waiting === 0, { seconds: 30 * SLOW });
  await stack.killGateway();
  for (let cut = 0; cut < CUTS; cut++) {
    await feed();
    await product.process.kill();
    await damage();
    await reboot();
    await product.startAgent();
    await machine.waitListening();
  }
  await feed();
  for (let line = 0; line < fed; line++) if (!gone.has(`line ${line}`)) safe.add(`line ${line}`);

  await stack.gateway.start();
  const sql = "SELECT line FROM log JOIN device ON device.id = log.device WHERE device.device = 'machine-t' AND app = 'radio'";
  const kept = async () => (await stack.rows(sql)).map(({ line }) => line);
  await waitFor('the newest line', async () => (await kept()).includes(`line ${fed - 1}`), { seconds: 60 * SLOW, every: 200, seen: async () => JSON.stringify((await product.status()).spool) });
  const lines = await kept();
  const there = new Set(lines);
  const gaps = await stack.rows("SELECT gap_count AS n, line FROM event JOIN device ON device.id = event.device WHERE device.device = 'machine-t' AND line <> '' AND kind = (SELECT max(kind) FROM event WHERE gap_first_ms > 0)");
  const lost = [...safe].filter((line) => !there.has(line));
  const told = gaps.filter(({ line }) => /damaged/.test(line)).reduce((sum, { n }) => sum + n, 0);
  const cuts = gaps.filter(({ line }) => /power/.test(line)).length;
  console.log(`torn spool: cuts ${CUTS}, lines ${fed}, damaged messages ${damaged.size} with ${gone.size} lines, told as damaged ${told}, told as power cuts ${cuts}, whole ones lost ${lost.length}, doubled ${lines.length - there.size}`);
  assert.deepEqual(lost.slice(0, 10), [], 'lines of whole records that are missing');
  assert.equal(lines.length, there.size, 'no line twice');
  assert.deepEqual([...gone].filter((line) => there.has(line)), [], 'damaged records are not taken for whole');
  assert.ok(cuts > 0 && cuts + told >= 1, JSON.stringify(gaps.slice(0, 5)));
  await checkWhole(stack);
}));
