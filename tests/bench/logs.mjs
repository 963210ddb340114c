// What rules over log lines cost: bench-logs (tests/bench/logs.c) prints its own lines, which are passed on.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../deploy/demo/process.mjs';

const program = join(fileURLToPath(new URL('.', import.meta.url)), '../../build/release/bench-logs');

/** print(name, value, unit), say(text). */
export async function logsFigures(print, say, { rounds = 5 } = {}) {
  say(`in process: 4,096 lines of eight shapes, three patterns, ${rounds} rounds`);
  const { stdout } = await run(program, [String(rounds)]);
  for (const line of stdout.trim().split('\n')) {
    const [name, value, unit] = line.split(' ');
    print(name, value, unit);
  }
}
