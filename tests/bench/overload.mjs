// Twice what the gateway was measured to take is offered, by schedule; the devices' windows hold back what is too much, as agents' do
// (it waits in their spools). Nothing may be lost: what was sent is what is stored, and inbox and memory stay bounded.
import { DEVICES } from './bench.mjs';
import { EVENTS_PER_S, faultsUnderLoad } from './latency.mjs';
import { describeLoad } from './load.mjs';

const SECONDS = 8;

export async function overloadFigures(print, say, bench) {
  const full = await bench.fullRate(10);
  const result = await faultsUnderLoad(bench, full * 2, SECONDS);
  say(`setting: ${DEVICES} devices, window 50, 10 samples a message, offered ${(full * 2).toFixed(0)}/s, ${EVENTS_PER_S} faults a second; ` +
    `${result.dropped} dropped by the inbox, ${result.resent} sent again; ${describeLoad(result)}`);
  print('overload_lost', result.sent_total - result.stored, 'messages');
  print('overload_inbox_depth_max', result.depth, 'messages');
  print('overload_accepted_ratio', (result.acked_total / result.offered).toFixed(3), 'ratio');
  print('alarm_latency_overload_p50_ms', result.event_p50_ms, 'ms');
  print('alarm_latency_overload_p99_ms', result.event_p99_ms, 'ms');
}
