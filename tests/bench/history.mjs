// The history's figures, by bench-history: small (beside Gorilla's coding of the same data, and in the store's file) and quick (a
// year of 1 Hz at 1,000 pixels, beside plain rows in SQLite). Recorded data is measured too when BENCH_DATA names a folder of it,
// or ../shared/data is there; details, set by set, go to stderr. BENCH_YEAR_ROWS=1 builds the plain rows of a whole year (minutes);
// otherwise they are of a month, and the figure's name says so.
import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

async function dataFolder(root) {
  const folder = process.env.BENCH_DATA ?? join(root, '..', 'shared', 'data');
  return access(folder).then(() => [folder], () => []);
}

/** Runs one part of bench-history; its `name value unit` lines go to print, its other words to say. */
function part(program, args, print, say) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    createInterface({ input: child.stdout }).on('line', (line) => print(...line.split(' ')));
    createInterface({ input: child.stderr }).on('line', (line) => say(line.trim()));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program} ${args.join(' ')} ended with ${code}`))));
  });
}

/** `program`: the path of bench-history; `root`: the project's folder. */
export async function historyFigures(print, say, { program, root }) {
  await part(program, ['codec', ...(await dataFolder(root))], print, say);
  await part(program, ['size'], print, say);
  await part(program, ['chart', process.env.BENCH_YEAR_ROWS === '1' ? 'year' : 'month'], print, say);
}
