// From the moment a fault should have been sent (it happened in the device) to the acknowledgement of its urgent lane: the alarm is
// committed then. Broker, gateway, group commit and the way back are in it, and the generator's own turn (up to 1 ms).
import { DEVICES } from './bench.mjs';
import { describeLoad } from './load.mjs';

export const EVENTS_PER_S = 150;
const SECONDS = 8;
const SAMPLES = 10; // a message

/** Telemetry at `rate` with faults between; everything has to be stored and every fault has to raise or clear an alarm. */
export async function faultsUnderLoad(bench, rate, seconds = SECONDS) {
  await bench.startGateway();
  const result = await bench.load({ samples: SAMPLES, rate: Math.round(rate), events: EVENTS_PER_S, 'warm-ms': 1000, seconds });
  const { gateway } = bench.stack;
  await bench.check(result.sent_total * SAMPLES, await gateway.figure('events_total'));
  const depth = await gateway.figure('inbox_depth_max');
  const dropped = await gateway.figure('inbox_dropped_total');
  const stored = (await gateway.figure('samples_total')) / SAMPLES;
  await bench.stopGateway();
  return { ...result, depth, dropped, stored };
}

export async function latencyFigures(print, say, bench) {
  const full = await bench.fullRate(SAMPLES);
  const result = await faultsUnderLoad(bench, full / 2);
  say(`setting: ${DEVICES} devices, ${SAMPLES} samples a message at half of ${full.toFixed(0)}/s, ${EVENTS_PER_S} faults a second on the urgent lane, ` +
    `${result.events} of them measured; ${describeLoad(result)}`);
  print('alarm_latency_p50_ms', result.event_p50_ms, 'ms');
  print('alarm_latency_p99_ms', result.event_p99_ms, 'ms');
  print('alarm_latency_max_ms', result.event_max_ms, 'ms');
}
