// 500 sessions at once: real gateway, real broker, TLS everywhere, every one recorded and encrypted, each with its engineer's
// WebSocket. The products are played (session_products.mjs), two sessions each, in one process; the engineer's side is this one. Then
// one more session, of a real agent, in which `yes` runs and somebody looks on, and what that does to the others.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../deploy/demo/process.mjs';
import { quantile, SessionLine } from './session_lines.mjs';
import { cpuSeconds, pssKib } from './procfs.mjs';
import { PASSWORD } from './session_rig.mjs';

const PRODUCTS = 250;
const EACH = 2; // sessions of one product: as many as a gateway takes (SESSIONS_ON_DEVICE)
const KEYS_PER_S = 1; // of one person, steadily
const SECONDS = 10;
const AT_A_TIME = 4;
const IDLE_MS = 5000;

const module = (name) => new URL(name, import.meta.url).pathname;

/** At most AT_A_TIME of them under way. */
async function all(items, work) {
  const left = [...items];
  const results = [];
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) results.push(await work(item));
  }));
  return results;
}

async function startProducts(rig) {
  const { pki, broker } = rig.stack;
  const ids = Array.from({ length: PRODUCTS }, (_, i) => `crowd-${String(i + 1).padStart(4, '0')}`);
  for (const id of ids) await pki.device(id); // one after the other: they share the serial number's file
  const child = fork(module('session_products.mjs'), [pki.folder, String(broker.port), ...ids]);
  child.on('message', (message) => message.fault && console.error(`  ${message.fault}`));
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the played products ended')));
  ended.catch(() => {});
  await Promise.race([once(child, 'message'), ended]);
  await waitFor('the products to be online', async () => (await rig.support.get(`/devices/${ids.at(-1)}`)).online, { seconds: 30 });
  return { child, ids };
}

const enter = (rig) => async (device) => {
  const ticket = await rig.ticket(device);
  const lines = [];
  for (let i = 0; i < EACH; i++) lines.push(new SessionLine(await rig.terminal(await rig.live(ticket))));
  return lines;
};

/** Everybody types at the steady rate; what each echo took, and what the gateway used. */
async function typing(lines, gateway) {
  const taken = [];
  let missing = 0;
  const begun = lines.map(() => undefined);
  for (const [i, line] of lines.entries()) {
    line.onBytes(() => {
      if (begun[i] !== undefined) taken.push(performance.now() - begun[i]);
      begun[i] = undefined;
    });
  }
  const key = Buffer.from('k');
  const start = performance.now();
  const cpu = await cpuSeconds(gateway);
  const total = lines.length * KEYS_PER_S * SECONDS;
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * lines.length * KEYS_PER_S));
    for (; sent < due; sent++) {
      const i = sent % lines.length;
      if (begun[i] !== undefined) {
        missing++; // its echo has not come within a whole turn: it goes on waiting
        continue;
      }
      begun[i] = performance.now();
      lines[i].write(key);
    }
    await sleep(1);
  }
  await waitFor('the last echoes', () => begun.every((at) => at === undefined), { seconds: 20, every: 20 });
  const seconds = (performance.now() - start) / 1000;
  return { taken, missing, cpu: (100 * ((await cpuSeconds(gateway)) - cpu)) / seconds };
}

/** Somebody who looks on while `yes` runs in a session of a real agent. */
class Flood {
  static async open(rig) {
    const { gateway, pki } = rig.stack;
    await rig.product('flood-1');
    const id = await rig.live(await rig.ticket('flood-1'));
    const flood = new Flood(fork(module('session_viewer.mjs')));
    await flood.#ask({ origin: gateway.origin, ca: (await pki.read('ca.crt')).toString(), user: 'engineer', password: PASSWORD, id });
    return flood;
  }

  constructor(child) {
    this.child = child;
    this.ended = once(child, 'exit').then(() => Promise.reject(new Error('the viewer of the flood ended')));
    this.ended.catch(() => {}); // after close() nobody asks
  }

  async #ask(message) {
    const answer = once(this.child, 'message');
    this.child.send(message);
    return (await Promise.race([answer, this.ended]))[0];
  }

  start() {
    return this.#ask('flood');
  }

  /** MB/s that came. */
  async stop() {
    return (await this.#ask('stop')).rate;
  }

  close() {
    this.child.kill();
  }
}

const p99 = ({ taken }) => quantile(taken, 0.99);
const median = (values) => quantile(values, 0.5);

async function measureFlood(print, say, rig, lines, rounds) {
  const { pid } = rig.stack.gateway.process;
  const flood = await Flood.open(rig);
  const [quiet, flooded] = [[], []];
  try {
    for (let i = 0; i < rounds; i++) {
      quiet.push(await typing(lines, pid));
      await flood.start();
      flooded.push(await typing(lines, pid));
      const rate = await flood.stop();
      say(`p99 ${p99(quiet.at(-1)).toFixed(1)} ms quiet, ${p99(flooded.at(-1)).toFixed(1)} ms beside ${rate.toFixed(1)} MB/s; ${flooded.at(-1).missing} keys found the last one without echo`);
    }
  } finally {
    flood.close();
  }
  const taken = quiet.flatMap((one) => one.taken);
  print('session_500_echo_p50_ms', quantile(taken, 0.5).toFixed(3), 'ms');
  print('session_500_echo_p99_ms', quantile(taken, 0.99).toFixed(3), 'ms');
  print('session_500_cpu_percent', median(quiet.map(({ cpu }) => cpu)).toFixed(1), '%');
  print('session_flood_echo_p99_ms', quantile(flooded.flatMap((one) => one.taken), 0.99).toFixed(3), 'ms');
  print('session_flood_added_p99_ms', (median(flooded.map(p99)) - median(quiet.map(p99))).toFixed(3), 'ms');
}

export async function measureCrowd(print, say, rig, rounds) {
  const { pid } = rig.stack.gateway.process;
  const { child, ids } = await startProducts(rig);
  try {
    const before = await pssKib(pid);
    const begun = performance.now();
    const lines = (await all(ids, enter(rig))).flat();
    say(`${lines.length} sessions live after ${((performance.now() - begun) / 1000).toFixed(0)} s`);
    await typing(lines, pid); // warm
    print('session_500_kib_each', (((await pssKib(pid)) - before) / lines.length).toFixed(1), 'KiB');
    const cpu = await cpuSeconds(pid);
    await sleep(IDLE_MS);
    print('session_500_idle_cpu_percent', (((await cpuSeconds(pid)) - cpu) * (100000 / IDLE_MS)).toFixed(1), '%');
    await measureFlood(print, say, rig, lines, rounds);
  } finally {
    child.kill();
  }
}
