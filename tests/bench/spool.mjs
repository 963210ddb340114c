// The agent's spool: bytes to the disk over bytes of payload, syncs an hour, appends a second (bench-spool, tests/bench/spool.c
// says how). A hundred megabytes are written below build/, because what counts is a real disk: /tmp may be memory.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../deploy/demo/process.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Prints the figures with print(name, value, unit). */
export async function spoolFigures(print, say) {
  await mkdir(join(ROOT, 'build/bench'), { recursive: true });
  const folder = await mkdtemp(join(ROOT, 'build/bench/spool-'));
  try {
    say('spool: an hour of 10 samples a second, online, never quite acknowledged, and offline');
    const { stdout } = await run(join(ROOT, 'build/release/bench-spool'), [folder]);
    for (const line of stdout.trim().split('\n')) print(...line.split(' '));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
