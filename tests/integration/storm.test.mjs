// Thousands of devices lose the broker in the middle of their sending and come back at the same moment, without the random
// pause that real agents make. All are back by themselves, and the store has every sample once. A TLS handshake with client
// certificates costs the two ends 4 ms of CPU together, and each device makes two: STORM=5000 takes a minute or two.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Process } from '../../deploy/demo/process.mjs';
import { checkWhole, samplesOf } from './faults.mjs';
import { MODE, SLOW, TestStack, waitFor } from './stack.mjs';

const DEVICES = Number(process.env.STORM ?? (MODE === 'release' ? 1000 : 300));
const MESSAGES = 8;
const SAMPLES = 5;
const FILES_EACH = 300; // that a process has open besides its connections

const hard = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1] ?? Infinity);
const skip = hard < DEVICES + FILES_EACH ? `a process may open ${hard} files here: ${DEVICES + FILES_EACH} are needed (ulimit -Hn)` : false;

async function pssMiB(pid) {
  return Math.round(Number(/^Pss:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024);
}

const stack = skip ? undefined : await TestStack.start('storm');

test(`promise_10_${DEVICES} connections come back at the same moment`, { skip }, stack?.guard(async () => {
  const { place, broker, gateway } = stack;
  const log = place.path('storm.log');
  const args = { pki: stack.pki.folder, port: broker.port, devices: DEVICES, messages: MESSAGES, samples: SAMPLES };
  const storm = new Process('bench-storm', place.program('bench-storm'), Object.entries(args).flatMap(([name, value]) => [`--${name}`, String(value)]), { log });
  const reached = async (what) => {
    const found = new RegExp(`^${what}(?: ([0-9.]+))?$`, 'm').exec(await readFile(log, 'utf8'));
    if (!found && !storm.isRunning) throw Object.assign(new Error(`bench-storm ended before '${what}': ${await storm.tail()}`), { fatal: true });
    return found && [Number(found[1])];
  };
  const wait = async (what) => (await waitFor(`'${what}'`, () => reached(what), { seconds: (60 + DEVICES / 20) * SLOW, every: 20, seen: () => storm.tail() }))[0];
  try {
    const connected = await wait('connected');
    await wait('ready');
    const brokerPss = await pssMiB(broker.process.pid);
    await stack.restartBroker();
    const back = await wait('back');
    const done = await wait('done');
    const pss = await pssMiB(gateway.process.pid);
    assert.equal((await storm.exited).code, 0);

    const series = await samplesOf(place, `${gateway.dataDir}/gateway.db`);
    let lost = 0;
    let doubled = 0;
    for (let i = 0; i < DEVICES; i++) {
      const values = (series.get(`storm-${String(i).padStart(5, '0')} level -`) ?? []).map(([, value]) => value);
      const there = new Set(values);
      doubled += values.length - there.size;
      for (let k = 0; k < MESSAGES * SAMPLES; k++) lost += there.has(k) ? 0 : 1;
    }
    console.log(`storm: connections ${DEVICES}, first connected after ${connected} s, all back after ${back} s, all acknowledged after ${done} s, records ${DEVICES * MESSAGES * SAMPLES}, lost ${lost}, doubled ${doubled}, gateway ${pss} MiB, broker ${brokerPss} MiB`);
    assert.deepEqual({ lost, doubled }, { lost: 0, doubled: 0 });
    assert.equal(await stack.count('SELECT count(*) FROM device'), DEVICES);
    await checkWhole(stack);
  } finally {
    await storm.kill();
  }
}));
