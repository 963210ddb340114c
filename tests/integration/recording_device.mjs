// A wire device that offers evidence, and says to each pull what a test wants it to say. The block is written from its
// description alone (include/fieldline/evidence.h).
import { randomUUID } from 'node:crypto';
import { WireDevice } from './wire_device.mjs';

const varint = (value) => {
  const bytes = [];
  let left = BigInt(value);
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  bytes.push(Number(left));
  return bytes;
};
const signed = (value) => varint(value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value));

/** One block of samples [ms, value] of one series, each value as its eight bytes. */
export function blockOf(metric, samples) {
  const bytes = [1, ...varint(3), metric.length, ...Buffer.from(metric)];
  let last = 0;
  for (const [ms, value] of samples) {
    const raw = Buffer.alloc(8);
    raw.writeDoubleLE(value);
    bytes.push(...varint(2), ...signed(ms - last), ...raw);
    last = ms;
  }
  return Buffer.from(bytes);
}

export class RecordingDevice extends WireDevice {
  recorder = randomUUID();

  birthMembers() {
    return { evidence_bytes: 65536 };
  }

  /** The pulls that came, each once. */
  get pulls() {
    const ids = new Map(this.commands.filter(({ verb }) => verb === 'evidence.pull').map((command) => [command.id, command]));
    return [...ids.values()];
  }

  part(command, members) {
    const result = { evidence: command.args.evidence, recorder: this.recorder, next: 0, held_from: command.args.from, held_to: command.args.to, missed: 0, ...members };
    this.answer({ id: command.id, ok: true, result: { ...result, block: result.block.toString('base64url') } });
  }

  refuse(command, error, text) {
    this.answer({ id: command.id, ok: false, error, text });
  }

  /** Outside of the streams, as our agent does. */
  answer(reply) {
    this.put('reply', JSON.stringify(reply), { clock: this.clock });
  }
}
