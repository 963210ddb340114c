// The real agent in the troubles that a product has: its clock is stepped or not set at all, another machine uses its
// certificate, its link is metered. What it does is seen in its status, at the broker and in the gateway's store.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Process } from '../../deploy/demo/process.mjs';
import { Firmware } from './firmware.mjs';
import { MODE, SLOW, TestStack, waitFor } from './stack.mjs';

const DAY_S = 86400;
const FAKETIME = ['x86_64', 'aarch64', 'arm'].flatMap((cpu) => [`/usr/lib/${cpu}-linux-gnu/faketime/libfaketimeMT.so.1`, `/usr/lib/${cpu}-linux-gnueabihf/faketime/libfaketimeMT.so.1`]).find(existsSync);
const noFaketime = MODE !== 'release' ? 'a sanitizer wants to be loaded first' : FAKETIME ? false : 'libfaketime is not installed';

const stack = await TestStack.start('agent_delivery');
const until = (what, condition, seconds = 20) => waitFor(what, condition, { seconds: seconds * SLOW, every: 50 });
const count = (text, part) => text.split(part).length - 1;
const logOf = (product) => readFile(`${product.folder}/agent.log`, 'utf8').catch(() => '');
const statusOf = (product) => product.status().catch(() => undefined);

/** A product whose wall clock the test moves: seconds off the real one. */
async function withClock(id, offset) {
  const file = stack.place.path(`${id}.clock`);
  const set = (seconds) => writeFile(file, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
  await mkdir(stack.place.path(), { recursive: true });
  await set(offset);
  const env = { LD_PRELOAD: FAKETIME, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' };
  const firmware = await Firmware.on(stack, id, { env: undefined });
  await firmware.product.process.stop();
  firmware.product.env = env;
  await firmware.product.startAgent();
  await firmware.waitListening();
  return { firmware, product: firmware.product, set };
}

test('promise_12: a clock that is stepped by a day is noticed, told, and costs no record', { skip: noFaketime }, stack.guard(async () => {
  const { firmware, product, set } = await withClock('clock-1', 0);
  await until('the connection', async () => (await statusOf(product))?.uplink.state === 'up');
  firmware.gauge('level', 1);
  await set(DAY_S);
  await until('the step to be noticed', async () => (await statusOf(product))?.clock.steps === 1);
  firmware.gauge('level', 2);
  await set(0);
  await until('the step back', async () => (await statusOf(product))?.clock.steps === 2);
  const status = await product.status();
  assert.ok(Math.abs(status.clock.stepped_ms) < 1000, `there and back: ${status.clock.stepped_ms} ms`);
  assert.match(await logOf(product), /clock_stepped by_ms=8(6400|6399)\d\d\d/);
  assert.equal(status.collected.refused, 0);
  await until('everything to be acknowledged', async () => Object.values((await product.status()).spool).every((lane) => lane.waiting === 0));
  await until('the events of both steps', async () => {
    const rows = await stack.rows("SELECT line FROM event WHERE line LIKE 'clock stepped by %'");
    return rows.some(({ line }) => line.includes('by -'));
  });
}));

test('promise_12: a product that starts in 1970 keeps its samples and sends them once its clock is set', { skip: noFaketime }, stack.guard(async () => {
  const { firmware, product, set } = await withClock('clock-2', 600 - Math.floor(Date.now() / 1000));
  firmware.gauge('level', 10);
  await until('a sample in the spool', async () => (await statusOf(product))?.collected.samples >= 1);
  let status = await product.status();
  assert.equal(status.clock.is_set, false);
  assert.equal(status.collected.refused, 0, 'SenML cannot hold 1970');
  assert.ok(status.t > Date.parse('2025-12-31'), `it tells ${new Date(status.t).toISOString()}`);
  await set(0);
  await until('the clock to be noticed', async () => (await product.status()).clock.is_set);
  await until('the connection', async () => (await product.status()).uplink.state === 'up', 40);
  await until('everything to be acknowledged', async () => Object.values((await product.status()).spool).every((lane) => lane.waiting === 0));
  status = await product.status();
  assert.equal(status.clock.steps, 1);
  assert.equal(status.spool.bulk.dropped, 0);
}));

test('two machines with one certificate: after a few turns each waits for minutes and says why', stack.guard(async () => {
  const { product } = await Firmware.on(stack, 'twin-1');
  await until('the connection', async () => (await statusOf(product))?.uplink.state === 'up');
  const folder = stack.place.path('twin-1-copy');
  await mkdir(`${folder}/data`, { recursive: true });
  await mkdir(`${folder}/run`);
  const text = (await readFile(product.config, 'utf8')).replace(/^\[(statsd|syslog|host|tail journal)\]\n(?:.+\n)*/gm, '');
  await writeFile(`${folder}/agent.conf`, text);
  const copy = new Process('twin-1-copy', stack.place.program('fieldline-agent'), ['run', '-c', 'agent.conf'], { log: `${folder}/agent.log`, cwd: folder });
  try {
    const statuses = async () => [await product.status(), JSON.parse(await readFile(`${folder}/run/status.json`, 'utf8'))];
    const { uplink } = await until('one of them to give way', async () => (await statuses()).find((status) => status.uplink.taken_over === 1));
    assert.equal(uplink.state, 'offline');
    assert.ok(uplink.retry_s > 30, `it waits for ${uplink.retry_s} s`);
    assert.match(uplink.trouble, /certificate/);
    const logs = (await logOf(product)) + (await readFile(`${folder}/agent.log`, 'utf8'));
    assert.ok(count(logs, 'agent.uplink up ') <= 8, logs);
    assert.equal(count(logs, 'agent.uplink taken_over '), 1);
  } finally {
    await copy.stop();
  }
}));

test('a metered link: telemetry is thinned and told, events pass, the count survives a restart', stack.guard(async () => {
  const firmware = await Firmware.on(stack, 'metered-1', { agent: { broker: { bytes_per_day: '100KiB' }, statsd: { flush: '100ms' }, batch: { max_wait: '100ms' } } });
  const { product } = firmware;
  await until('the connection', async () => (await statusOf(product))?.uplink.state === 'up');
  let n = 0;
  const flood = setInterval(() => firmware.gauge('level', n++), 20);
  try {
    const { collected } = await until('the level to rise', async () => {
      const status = await product.status();
      return ['thin', 'thinner', 'spent'].includes(status.budget.level) && status;
    }, 60);
    await until('more values', async () => (await product.status()).collected.statsd_datagrams > collected.statsd_datagrams + 200);
  } finally {
    clearInterval(flood);
  }
  firmware.fault('T02', 'set', 'in spite of the budget');
  await until('the fault at the gateway', async () => (await stack.count("SELECT count(*) n FROM event WHERE line LIKE '%in spite of the budget'")) === 1);
  const before = (await product.status()).budget.used_today;
  await product.process.stop();
  await product.startAgent();
  await until('the restarted agent', async () => (await statusOf(product))?.uplink.connections === 1);
  assert.ok((await product.status()).budget.used_today >= before, 'the day goes on');
  const [gap] = await until('the gap at the gateway', async () => {
    const rows = await stack.rows("SELECT gap_count, gap_first_ms, gap_last_ms FROM event WHERE line LIKE 'budget:%'");
    return rows.length > 0 && rows;
  });
  assert.ok(gap.gap_count > 0 && gap.gap_first_ms <= gap.gap_last_ms, JSON.stringify(gap));
}));

test('figures for Prometheus: a file, and a subcommand that prints it', stack.guard(async () => {
  const { product } = await Firmware.on(stack, 'figures-1');
  await until('the file', async () => existsSync(`${product.folder}/run/metrics.prom`));
  const { stdout } = await product.command('metrics');
  assert.match(stdout, /^fieldline_agent_info\{device="figures-1",/m);
  assert.match(stdout, /^fieldline_agent_spool_waiting_records\{lane="bulk"\} \d+$/m);
  await product.process.stop();
  assert.match((await product.command('metrics')).stdout, /^fieldline_agent_connected 0$/m);
}));
