// What detectors cost: bench-detectors (tests/bench/detectors.c) prints its own lines, which are passed on.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../deploy/demo/process.mjs';

const program = join(fileURLToPath(new URL('.', import.meta.url)), '../../build/release/bench-detectors');

/** print(name, value, unit), say(text). */
export async function detectorsFigures(print, say, { rounds = 5 } = {}) {
  say(`in process: 200 states of each detector, a sample every 10 s, ${rounds} rounds`);
  const { stdout } = await run(program, [String(rounds)]);
  for (const line of stdout.trim().split('\n')) {
    const [name, value, unit] = line.split(' ');
    print(name, value, unit);
  }
}
