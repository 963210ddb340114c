// Remote sessions: from a key to its echo, beside a plain TCP relay and beside ssh; what recording costs; 500 sessions at once, and
// one of them that floods. The gateway is the delivered one with TLS and encrypted recordings, the product's end in the first two is
// the real agent. One client measures all three ways, in turns, so its own part (some 0.1 ms) is in each of them: ratios are kinder to
// a slow way than a client without any cost would be, differences are not touched.
import { join } from 'node:path';
import { measureCrowd } from './session_crowd.mjs';
import { bulk, echoes, quantile, quiet, SessionLine, SshLine, TcpLine } from './session_lines.mjs';
import { SessionRig } from './session_rig.mjs';

const KEYS = 500; // of each way, in each round
const BULK_BYTES = 16e6;
const ROUNDS_MORE = 2; // of bulk: it swings

const median = (values) => quantile(values, 0.5);
const ms = (value) => value.toFixed(3);

async function inTurns(lines, rounds, measure) {
  const all = lines.map(() => []);
  for (let i = 0; i < rounds; i++) {
    for (const [at, line] of lines.entries()) all[at].push(...[await measure(line)].flat());
  }
  return all;
}

async function startLine(rig, id) {
  await rig.product(id);
  return new SessionLine(await rig.terminal(await rig.live(await rig.ticket(id))));
}

async function echoFigures(print, say, rig, rounds) {
  const session = await startLine(rig, 'echo-1');
  const lines = [session, await TcpLine.open(rig.stack.place.program('bench-relay'))];
  if (SshLine.missing) say(`session_echo_ssh_*: left out, ${SshLine.missing}`);
  else lines.push(await SshLine.open(join(rig.folder, 'ssh')));
  try {
    for (const line of lines) await quiet(line);
    await inTurns(lines, 1, (line) => echoes(line, KEYS)); // warm
    const [ours, plain, ssh] = await inTurns(lines, rounds, (line) => echoes(line, KEYS));
    const of = (values) => ({ p50: quantile(values, 0.5), p99: quantile(values, 0.99) });
    const [o, p] = [of(ours), of(plain)];
    print('session_echo_p50_ms', ms(o.p50), 'ms');
    print('session_echo_p99_ms', ms(o.p99), 'ms');
    print('session_echo_plain_p50_ms', ms(p.p50), 'ms');
    print('session_echo_plain_p99_ms', ms(p.p99), 'ms');
    print('session_echo_ratio_p50', (o.p50 / p.p50).toFixed(2), 'x');
    print('session_echo_ratio_p99', (o.p99 / p.p99).toFixed(2), 'x');
    if (!ssh) return;
    print('session_echo_ssh_p50_ms', ms(of(ssh).p50), 'ms');
    print('session_echo_ssh_p99_ms', ms(of(ssh).p99), 'ms');
  } finally {
    for (const line of lines) await line.close();
  }
}

/** The same product, session and client, with the delivered gateway and with one that records nothing. */
async function recordingFigures(print, say, recorded, rounds) {
  const unrecorded = await SessionRig.start({ program: 'bench-unrecorded' });
  const lines = [await startLine(recorded, 'record-1'), await startLine(unrecorded, 'record-1')];
  try {
    await inTurns(lines, 1, (line) => bulk(line, BULK_BYTES)); // warm
    const [on, off] = await inTurns(lines, rounds + ROUNDS_MORE, (line) => bulk(line, BULK_BYTES));
    say(`MB/s of output: recorded ${on.map((one) => one.toFixed(1)).join(' ')}, not recorded ${off.map((one) => one.toFixed(1)).join(' ')}`);
    for (const line of lines) await quiet(line);
    const [keysOn, keysOff] = await inTurns(lines, rounds + 1, (line) => echoes(line, KEYS));
    print('session_recording_overhead', (median(off) / median(on)).toFixed(2), 'x');
    print('session_recording_echo_overhead', (median(keysOn) / median(keysOff)).toFixed(2), 'x');
    print('session_output_mb_per_s', median(on).toFixed(1), 'MB/s');
  } finally {
    for (const line of lines) line.close();
    await unrecorded.stop();
  }
}

export async function sessionsFigures(print, say, { rounds }) {
  const rig = await SessionRig.start();
  try {
    await echoFigures(print, say, rig, rounds);
    await recordingFigures(print, say, rig, rounds);
    await measureCrowd(print, say, rig, rounds);
  } finally {
    await rig.stop();
  }
}
