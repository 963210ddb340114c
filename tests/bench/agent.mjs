// The agent beside collectd with its mqtt plugin: the same gauges at the same rate over statsd (UDP), each value sent once a second over
// TLS with a client certificate, QoS 0. Both at the same time, so that a noisy machine is noisy for both. What is counted: memory
// (PSS), CPU, and bytes on the wire a sample, with TLS, TCP and IP.
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../deploy/demo/ports.mjs';
import { run, waitFor } from '../../deploy/demo/process.mjs';
import { median } from './bench.mjs';
import { Collectd } from './collectd.mjs';
import { cpuSeconds, pssKib } from './procfs.mjs';
import { wireBytes } from './wire.mjs';

const RATES = [10, 1000]; // samples a second, each of a series of its own
const SETTLE_S = 5;

/** name: process, port of its broker, and how many samples have arrived. */
async function read({ process, port, samples }) {
  return { cpu: await cpuSeconds(process.pid), wire: await wireBytes(process.pid, port), samples: await samples() };
}

/** Both fed with `rate` values a second; CPU, wire and memory while it is steady. */
async function watch(sides, feed, rate, seconds) {
  const values = [rate, rate, SETTLE_S + seconds + 2].map(String); // series, values a second, seconds
  const feeds = sides.map((side) => run(feed, ['udp', String(side.statsdPort), side.style, ...values]));
  await sleep(SETTLE_S * 1000); // settled means: some time has passed, nothing else
  const before = await Promise.all(sides.map(read));
  const begun = performance.now();
  const pss = sides.map(() => []);
  for (let second = 0; second < seconds; second++) {
    await Promise.all(sides.map(async (side, i) => pss[i].push(await pssKib(side.process.pid))));
    await sleep(1000);
  }
  const after = await Promise.all(sides.map(read));
  const took = (performance.now() - begun) / 1000;
  await Promise.all(feeds);
  return sides.map((side, i) => {
    const samples = after[i].samples - before[i].samples;
    return {
      pss: median(pss[i]),
      cpuPercent: ((after[i].cpu - before[i].cpu) / took) * 100,
      wire: (after[i].wire - before[i].wire) / samples,
      rate: samples / took,
    };
  });
}

async function startAgent(bench) {
  const statsdPort = await freePort();
  const product = await bench.stack.addProduct({
    id: 'bench-agent',
    model: 'linux-gateway',
    agent: { statsd: { port: statsdPort, flush: '1s' }, batch: { max_wait: '1s' }, spool: { sync: '5s' } },
  });
  await product.startAgent();
  await waitFor('the agent to be known', async () => (await bench.stack.gateway.figure('devices')) === 1, { seen: () => product.process.tail(8) });
  const samples = () => bench.stack.gateway.figure('samples_total');
  return { name: 'agent', style: 'tags', process: product.process, port: bench.stack.broker.port, statsdPort, samples };
}

export async function agentFigures(print, say, bench) {
  const seconds = bench.rounds === 1 ? 8 : 20;
  await bench.startGateway();
  const collectd = new Collectd(bench.stack);
  try {
    const agent = await startAgent(bench);
    await collectd.start();
    const feed = bench.stack.place.program('bench-feed');
    await run(feed, ['udp', String(collectd.statsdPort), 'plain', '10', '10', '2']);
    await collectd.waitForValues();
    say('setting: gauges over statsd UDP, every series once a second, TLS 1.3, QoS 0; agent: batch.max_wait 1s, spool on disk; ' +
      `collectd ${await collectd.version()}: Interval 1, plugins statsd and mqtt; ${seconds} s each`);
    for (const rate of RATES) {
      const [ours, theirs] = await watch([agent, collectd.side()], feed, rate, seconds);
      for (const [name, side] of [['agent', ours], ['collectd', theirs]]) {
        say(`${name}: fed ${rate}/s, ${side.rate.toFixed(1)} samples/s arrived`);
        if (side.rate < rate * 0.9) throw new Error(`${name}: only ${side.rate.toFixed(1)} of ${rate} samples/s arrived`);
        print(rate === 10 ? `${name}_pss_kib` : `${name}_pss_kib_${rate}`, side.pss, 'KiB');
        print(`${name}_cpu_percent_${rate}`, side.cpuPercent.toFixed(3), '%');
        print(rate === 10 ? `${name}_wire_bytes_per_sample` : `${name}_wire_bytes_per_sample_${rate}`, side.wire.toFixed(1), 'B');
      }
    }
  } finally {
    await collectd.stop();
  }
}
