// What recording costs a frame of a session, encrypted and plain (bench-record, tests/bench/record.c says how), on a real disk.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../deploy/demo/process.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Prints the figures with print(name, value, unit). */
export async function recordFigures(print, say) {
  await mkdir(join(ROOT, 'build/bench'), { recursive: true });
  const folder = await mkdtemp(join(ROOT, 'build/bench/record-'));
  try {
    say('record: frames of 64 bytes, encrypted and plain in turns');
    const { stdout } = await run(join(ROOT, 'build/release/bench-record'), [folder]);
    for (const line of stdout.trim().split('\n')) print(...line.split(' '));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
