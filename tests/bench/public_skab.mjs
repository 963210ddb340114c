// The Skoltech Anomaly Benchmark (SKAB): each run of the water pump through `replay` with health() over its eight sensors, which
// learns from the first 400 samples of the run and hears nothing of the labels. Writes OUT_DIR/<folder>/<run>.csv with
// datetime;anomaly (0 or 1), in the form that score_skab.py reads.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const runFile = promisify(execFile);
const FOLDERS = ['valve1', 'valve2', 'other'];
const SENSORS = ['accelerometer1rms', 'accelerometer2rms', 'current', 'pressure', 'temperature', 'thermocouple', 'voltage', 'volume_flow_raterms'];
export const EXPRESSION = `health(${SENSORS.join(', ')})`;

/** The folder that has the runs' folders in it: DATA_DIR, or `data` in it as published. */
async function findRuns(dataDir) {
  for (const folder of [dataDir, join(dataDir, 'data')]) {
    const names = await readdir(folder).catch(() => []);
    const found = FOLDERS.filter((name) => names.includes(name));
    if (found.length > 0) return { folder, found };
  }
  throw new Error(`${dataDir}: none of ${FOLDERS.join(', ')} is in it`);
}

/** "rows;health" to "datetime;anomaly": the alarm is what a rule `health(...) > 1` would say. */
function alarmsOf(scores) {
  const lines = scores.trimEnd().split(/\r?\n/).map((line) => line.split(';'));
  const at = lines[0].indexOf('datetime');
  const rows = lines.slice(1).map((cells) => `${cells[at]};${Number(cells.at(-1)) > 1 ? 1 : 0}`);
  return `datetime;anomaly\n${rows.join('\n')}\n`;
}

export async function run(program, dataDir, outDir) {
  const { folder, found } = await findRuns(dataDir);
  const scratch = await mkdtemp(join(tmpdir(), 'skab-'));
  let count = 0;
  try {
    for (const name of found) {
      const inner = join(folder, name);
      const runs = (await readdir(inner)).filter((file) => file.endsWith('.csv'));
      await mkdir(join(outDir, name), { recursive: true });
      for (const file of runs) {
        const scores = join(scratch, basename(file));
        await runFile(program, ['replay', '--expr', EXPRESSION, '--csv', join(inner, file), '--scores', scores]);
        await writeFile(join(outDir, name, file), alarmsOf(await readFile(scores, 'utf8')));
        count++;
      }
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return `${count} runs`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) console.log(await run(...process.argv.slice(2)));
