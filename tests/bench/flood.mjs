// A dead site: bench-flood (tests/bench/flood.c) prints its own lines. The store is below build/, because a commit has to reach a real
// disk: /tmp may be memory.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../deploy/demo/process.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Prints the figures with print(name, value, unit). */
export async function floodFigures(print, say) {
  await mkdir(join(ROOT, 'build/bench'), { recursive: true });
  const folder = await mkdtemp(join(ROOT, 'build/bench/flood-'));
  try {
    say('flood: 10,000 devices raise the same alarm, then it clears on all of them');
    const { stdout } = await run(join(ROOT, 'build/release/bench-flood'), [folder]);
    for (const line of stdout.trim().split('\n')) print(...line.split(' '));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
