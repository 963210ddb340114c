// Messages a second through TLS, broker and gateway to the commit, beside a bare Paho subscriber that only counts: same broker, same
// payloads and user properties, same number of messages under way (devices x window). The two alternate; ratios are of a pair, and the
// median of the pairs is told. What may flatter one side: the gateway's acknowledgements cost broker and generator something that the
// bare subscriber does not pay; the bare subscriber's pacing is free (a counter in shared memory).
import { DEVICES, median } from './bench.mjs';
import { describeLoad } from './load.mjs';
import { pssKib } from './procfs.mjs';

const SIZES = [1, 10, 50];
const PROCESSES = ['gateway', 'broker', 'generator'];

async function throughGateway(bench, samples) {
  await bench.startGateway();
  const result = await bench.load({ ...bench.fullSpeed, samples });
  await bench.check(result.sent_total * samples);
  const pss = await pssKib(bench.stack.gateway.process.pid);
  await bench.stopGateway();
  return { ...result, pss };
}

/** Two generators with half of the devices each, begun at the same moment. */
async function twoGenerators(bench, samples) {
  await bench.startGateway();
  await bench.certify(DEVICES);
  const begin = Math.ceil(Number(process.hrtime.bigint() / 1000000n)) + 1500;
  const half = DEVICES / 2;
  const loads = [1, 1 + half].map((first) => bench.load({ ...bench.fullSpeed, samples, first, devices: half, 'begin-mono-ms': begin }));
  const results = await Promise.all(loads);
  await bench.stopGateway();
  return results.reduce((sum, result) => sum + result.rate, 0);
}

async function size(print, say, bench, samples) {
  const pairs = [];
  for (let round = 0; round < bench.rounds; round++) {
    const bare = await bench.bare({ samples });
    say(`${samples} a message, bare:    ${describeLoad(bare)}`);
    const gateway = await throughGateway(bench, samples);
    say(`${samples} a message, gateway: ${describeLoad(gateway)}`);
    pairs.push({ bare, gateway, ratio: gateway.rate / bare.rate });
  }
  const middle = (pick) => median(pairs.map(pick));
  const rate = middle((pair) => pair.gateway.rate);
  bench.rates.set(samples, rate);
  print(`ingest_messages_per_s_${samples}`, rate.toFixed(0), 'messages/s');
  print(`ingest_samples_per_s_${samples}`, (rate * samples).toFixed(0), 'samples/s');
  print(`ingest_bare_messages_per_s_${samples}`, middle((pair) => pair.bare.rate).toFixed(0), 'messages/s');
  print(`ingest_ratio_${samples}`, middle((pair) => pair.ratio).toFixed(3), 'ratio');
  for (const name of PROCESSES) {
    const us = middle(({ gateway }) => gateway.cpu[name] / gateway.messages) * 1e6;
    print(`ingest_${name}_cpu_us_per_message_${samples}`, us.toFixed(1), 'us');
  }
  // What a message costs the machine in all, bare over gateway: what the ratio would be if nothing but CPU counted. Hardly noisy.
  const cost = (result) => Object.values(result.cpu).reduce((sum, seconds) => sum + seconds, 0) / result.messages;
  print(`ingest_cost_ratio_${samples}`, middle(({ bare, gateway }) => cost(bare) / cost(gateway)).toFixed(3), 'ratio');
  print(`ingest_bare_cpu_us_per_message_${samples}`, (middle(({ bare }) => bare.cpu.bare / bare.messages) * 1e6).toFixed(1), 'us');
  print(`ingest_generator_blocked_ratio_${samples}`, middle(({ gateway }) => gateway.blocked_ratio).toFixed(3), 'ratio');
  return { pss: Math.max(...pairs.map((pair) => pair.gateway.pss)), tls: pairs[0].gateway.tls };
}

export async function ingestFigures(print, say, bench) {
  say(`setting: ${DEVICES} devices, QoS 0, window 50, a set of 10 metrics a second as history, rules of linux-gateway on, synchronous=FULL, ` +
    `batch.wait 10ms, ${bench.seconds} s after 1 s of warm-up, ${bench.rounds} rounds, empty store`);
  const results = [];
  for (const samples of SIZES) results.push(await size(print, say, bench, samples));
  say(`TLS of the devices: ${results[0].tls}`);
  print('gateway_pss_kib', Math.max(...results.map((result) => result.pss)), 'KiB');
  const ratios = [];
  for (let round = 0; round < bench.rounds; round++) {
    const one = await throughGateway(bench, 10);
    const two = await twoGenerators(bench, 10);
    say(`10 a message: one generator ${one.rate.toFixed(0)}/s, two ${two.toFixed(0)}/s`);
    ratios.push(two / one.rate);
  }
  print('ingest_generator_headroom', median(ratios).toFixed(3), 'ratio');
}
