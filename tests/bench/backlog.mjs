// Agents come back after a day without a link: each drains a day of ten metrics at 1 Hz, in messages of 500 records as the agent's packer
// makes them, as fast as its window allows. Meanwhile they report faults (urgent lane), and other devices go on with live telemetry, some
// of which raises alarms by the rule "Restarted". The same faults and alarms without the backlog are measured before, for comparison.
import { DEVICES } from './bench.mjs';
import { describeLoad } from './load.mjs';

const HOURS = 24;
const QUICK_HOURS = 2;
const RECORDS = 500;
const METRICS = 10;
const QUIET_SECONDS = 8;
const FAULTS_PER_S = 50;
// One message a second of each live device, and alarms among them.
const LIVE = { first: DEVICES + 1, devices: DEVICES, samples: METRICS, 'history-s': 0, rate: DEVICES, alarms: 20 };

/** `options` of the devices that drain (or, for comparison, are quiet); their result and the others'. */
async function besideLive(bench, options) {
  await bench.startGateway();
  const live = await bench.startLoad(LIVE);
  await live.begun;
  const drained = await bench.load({ events: FAULTS_PER_S, ...options });
  const others = await live.finish();
  const events = await bench.stack.gateway.figure('events_total');
  const usual = others.sent_total - others.alarms_sent;
  await bench.check(drained.sent_total * options.samples + usual * LIVE.samples + others.alarms_sent, events + others.alarm_changes);
  await bench.stopGateway();
  return { drained, others };
}

export async function backlogFigures(print, say, bench) {
  const hours = bench.rounds === 1 ? QUICK_HOURS : HOURS;
  const messages = hours * 3600 * METRICS / RECORDS;
  await bench.certify(2 * DEVICES);
  const quiet = await besideLive(bench, { samples: METRICS, rate: DEVICES, seconds: QUIET_SECONDS, 'history-s': 3600 });
  const { drained, others } = await besideLive(bench, { samples: RECORDS, messages, 'history-s': hours * 3600 });
  say(`setting: ${DEVICES} devices drain ${hours} h of ${METRICS} metrics at 1 Hz (${messages} messages of ${RECORDS} records each), window 50, ` +
    `${FAULTS_PER_S} faults a second of theirs; ${DEVICES} other devices send ${DEVICES} messages/s and ${LIVE.alarms} alarms/s; ` +
    `${drained.resent} messages sent again; ${describeLoad(drained)}`);
  const samples = drained.messages * RECORDS;
  print('backlog_hours', hours, 'h');
  print('backlog_samples_per_s', (samples / drained.seconds).toFixed(0), 'samples/s');
  print('backlog_drain_s', drained.seconds.toFixed(1), 's');
  for (const [name, run] of [['backlog', { drained, others }], ['backlog_quiet', quiet]]) {
    print(`${name}_alarm_latency_p50_ms`, run.drained.event_p50_ms, 'ms');
    print(`${name}_alarm_latency_p99_ms`, run.drained.event_p99_ms, 'ms');
    print(`${name}_others_alarm_latency_p50_ms`, run.others.alarm_p50_ms, 'ms');
    print(`${name}_others_alarm_latency_p99_ms`, run.others.alarm_p99_ms, 'ms');
  }
}
