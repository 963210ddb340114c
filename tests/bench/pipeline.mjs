// What a sample costs in process: bench-pipeline (tests/bench/pipeline.c) prints its own lines, which are passed on.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../deploy/demo/process.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const program = join(here, '../../build/release/bench-pipeline');
const packs = [join(here, 'packs/filling-line'), join(here, '../../rules/vaccine-freezer')];

/** DEVICES (100,000) and ROUNDS (5) as in the program's head; print(name, value, unit), say(text). */
export async function pipelineFigures(print, say, { devices = 100000, rounds = 5 } = {}) {
  say(`in process: packs of 50 samples, 5 rules on 10 series, 1,000 and ${devices} devices, ${rounds} rounds`);
  const { stdout } = await run(program, [...packs, String(devices), String(rounds)]);
  for (const line of stdout.trim().split('\n')) {
    const [name, value, unit] = line.split(' ');
    print(name, value, unit);
  }
}
