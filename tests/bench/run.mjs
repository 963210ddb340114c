// `make bench`: one figure a line, `name value unit`, on stdout; progress on stderr. Everything real: mosquitto with TLS and
// client certificates, the gateway with the project's packs (rules on), commits before acknowledgements, the default QoS (0).
// Ratios are of runs that alternate in one session, because machines are noisy; each is the median of ROUNDS.
// BENCH_ROUNDS=1 for a quick look.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Process, run, waitFor } from '../../deploy/demo/process.mjs';
import { Stack } from '../../deploy/demo/stack.mjs';
import { historyFigures } from './history.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const DEVICES = 50;
const SIZES = [
  { samples: 1, messages: 2000 },
  { samples: 10, messages: 1200 },
  { samples: 50, messages: 500 },
];
const AGENT_SETTLE_S = 10;
const AGENT_WATCH_S = 15;

const print = (name, value, unit) => console.log(`${name} ${value} ${unit}`);
const say = (text) => console.error(`  ${text}`);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const folder = await mkdtemp(join(tmpdir(), 'fl-bench-'));
const stack = new Stack(folder, {});

/** bench-load's `name value` lines as an object. */
async function load(options) {
  const args = Object.entries({ pki: stack.pki.folder, port: stack.broker.port, devices: DEVICES, ...options });
  const { stdout } = await run(stack.place.program('bench-load'), args.flatMap(([name, value]) => [`--${name}`, String(value)]));
  return Object.fromEntries(stdout.trim().split('\n').map((line) => line.split(' ')).map(([name, value]) => [name, Number(value)]));
}

async function bare(size) {
  const counter = join(folder, 'counter');
  const log = join(folder, `count-${Date.now()}.log`);
  const count = new Process('bench-count', stack.place.program('bench-count'),
    ['--port', String(stack.broker.port), '--pki', stack.pki.folder, '--counter', counter], { log });
  await waitFor('the counting subscriber', async () => (await readFile(log, 'utf8')).includes('ready'), { every: 20 });
  const result = await load({ samples: size.samples, messages: size.messages, counter });
  await count.kill();
  return result;
}

/** The generator sends nothing twice: the gateway has to listen before the first message. */
async function startGateway() {
  await stack.gateway.start();
  await waitFor('the gateway at the broker', async () => (await stack.gateway.figure('broker_connected')) === 1, { every: 20 });
}

async function gateway(size, more = {}) {
  await startGateway();
  const result = await load({ samples: size.samples, messages: size.messages, ...more });
  const pss = await pssKib(stack.gateway.process.pid);
  await stack.gateway.process.stop(30);
  return { ...result, pss };
}

const rate = (result) => result.messages / result.seconds;

async function pssKib(pid) {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(text)[1]);
}

/** Seconds of CPU that a process has used. */
async function cpuSeconds(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function ingest() {
  let half = 0;
  let pss = 0;
  for (const size of SIZES) {
    const runs = [];
    for (let round = 0; round < ROUNDS; round++) {
      const a = await bare(size);
      const b = await gateway(size);
      runs.push({ ratio: rate(b) / rate(a), gateway: rate(b), bare: rate(a) });
      pss = Math.max(pss, b.pss);
      say(`${size.samples} a message: gateway ${rate(b).toFixed(0)}/s (generator's CPU ${b.cpu_ratio}), bare ${rate(a).toFixed(0)}/s (generator's CPU ${a.cpu_ratio})`);
    }
    const messages = median(runs.map((r) => r.gateway));
    print(`ingest_messages_per_s_${size.samples}`, messages.toFixed(0), 'messages/s');
    print(`ingest_samples_per_s_${size.samples}`, (messages * size.samples).toFixed(0), 'samples/s');
    print(`ingest_bare_messages_per_s_${size.samples}`, median(runs.map((r) => r.bare)).toFixed(0), 'messages/s');
    print(`ingest_ratio_${size.samples}`, median(runs.map((r) => r.ratio)).toFixed(3), 'ratio');
    if (size.samples === 10) half = messages / 2;
  }
  print('gateway_pss_kib', pss, 'KiB');
  return half;
}

/** Fault events on the urgent lane while telemetry runs at half of what was measured; sent -> alarm committed and told. */
async function alarms(half) {
  const result = await gateway(SIZES[1], { rate: Math.floor(half), events: 500, messages: Math.ceil((half * 8) / DEVICES) });
  print('alarm_latency_p50_ms', result.latency_p50_ms, 'ms');
  print('alarm_latency_p99_ms', result.latency_p99_ms, 'ms');
}

async function agent() {
  await startGateway();
  const product = await stack.addProduct({ id: 'bench-agent', model: 'linux-gateway', agent: { host: { enabled: 'yes', interval: '1s' } } });
  await product.startAgent();
  await sleep(AGENT_SETTLE_S * 1000); // settled means: some time has passed, nothing else
  const before = await cpuSeconds(product.process.pid);
  const readings = [];
  for (let second = 0; second < AGENT_WATCH_S; second++) {
    readings.push(await pssKib(product.process.pid));
    await sleep(1000);
  }
  print('agent_pss_kib', median(readings), 'KiB');
  print('agent_cpu_percent', (((await cpuSeconds(product.process.pid)) - before) / AGENT_WATCH_S * 100).toFixed(2), '%');
}

try {
  await stack.prepare();
  for (let i = 1; i <= DEVICES; i++) await stack.pki.device(`bench-${String(i).padStart(4, '0')}`);
  await stack.broker.start();
  await alarms(await ingest());
  await agent();
  await historyFigures(print, say, { program: stack.place.program('bench-history'), root: stack.place.source() });
} finally {
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
}
