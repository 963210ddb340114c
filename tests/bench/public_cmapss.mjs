// C-MAPSS FD001: the engines of train_FD001.txt become recorded lives, the engines of test_FD001.txt run through `replay` one after
// the other with rul() (an engine's `cycle` begins at 1 again, which is how a replaced unit looks). Writes OUT_DIR/FD001.csv:
// unit,rul,low,high in cycles at the last cycle of each test engine. The answer is capped at 125 cycles, as is usual.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const runFile = promisify(execFile);
const COLUMNS = [...Array.from({ length: 3 }, (_, i) => `setting_${i + 1}`), ...Array.from({ length: 21 }, (_, i) => `sensor_${i + 1}`)];
const INPUTS = [...COLUMNS, 'cycle'].join(', ');
const CAP = 125;
const START_S = 1577836800; // replay wants times; what counts here is the cycle
const ANSWERS = ['rul', 'rul_low', 'rul_high'];

/** Rows of a published table by engine: Map of unit -> [[cycle, ...values], ...]. */
export function enginesOf(text, name = 'table') {
  const engines = new Map();
  text.trim().split('\n').forEach((line, index) => {
    const cells = line.trim().split(/\s+/);
    if (cells.length !== COLUMNS.length + 2) throw new Error(`${name}:${index + 1}: ${cells.length} columns, expected ${COLUMNS.length + 2}`);
    const [unit, ...row] = cells;
    if (!engines.has(unit)) engines.set(unit, []);
    engines.get(unit).push(row);
  });
  return engines;
}

/** A life for each engine, in the form of a pack's folder lives/. */
export async function writeLives(engines, folder) {
  await mkdir(folder, { recursive: true });
  for (const [unit, rows] of engines) {
    const lines = rows.map((row) => row.join(','));
    await writeFile(join(folder, `unit-${unit.padStart(4, '0')}.csv`), `cycle,${COLUMNS.join(',')}\n${lines.join('\n')}\n`);
  }
}

/** All engines as one recording, a cycle a second. */
async function writeRecording(engines, path) {
  let second = START_S;
  const lines = [...engines.values()].flat().map((row) => `${second++},${row.join(',')}`);
  await writeFile(path, `timestamp,cycle,${COLUMNS.join(',')}\n${lines.join('\n')}\n`);
}

/** What `answer` said at the last cycle of each engine. */
async function ask(program, answer, lives, recording, engines, scratch) {
  const scores = join(scratch, `${answer}.csv`);
  await runFile(program, ['replay', '--expr', `${answer}(${INPUTS}, ${CAP})`, '--lives', lives, '--csv', recording, '--scores', scores], { maxBuffer: 1 << 24 });
  const rows = (await readFile(scores, 'utf8')).trimEnd().split('\n').slice(1);
  const last = new Map();
  let at = -1;
  for (const [unit, cycles] of engines) {
    at += cycles.length;
    last.set(unit, Number(rows[at].split(',').at(-1)));
  }
  return last;
}

/** unit -> {rul, low, high} at the last cycle of each engine of `tested`, learnt from `lived`. */
export async function forecast(program, lived, tested) {
  const scratch = await mkdtemp(join(tmpdir(), 'cmapss-'));
  try {
    const lives = join(scratch, 'lives');
    const recording = join(scratch, 'recording.csv');
    await writeLives(lived, lives);
    await writeRecording(tested, recording);
    const answers = [];
    for (const answer of ANSWERS) answers.push(await ask(program, answer, lives, recording, tested, scratch));
    const [rul, low, high] = answers;
    return new Map([...tested.keys()].map((unit) => [unit, { rul: rul.get(unit), low: low.get(unit), high: high.get(unit) }]));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const read = async (dataDir, name) => enginesOf(await readFile(join(dataDir, name), 'utf8'), join(dataDir, name));

export async function run(program, dataDir, outDir) {
  const answers = await forecast(program, await read(dataDir, 'train_FD001.txt'), await read(dataDir, 'test_FD001.txt'));
  const lines = [...answers].map(([unit, { rul, low, high }]) => `${unit},${rul.toFixed(2)},${low.toFixed(2)},${high.toFixed(2)}`);
  await mkdir(outDir, { recursive: true });
  await writeFile(join(outDir, 'FD001.csv'), `unit,rul,low,high\n${lines.join('\n')}\n`);
  return `${lines.length} engines`;
}

const FOLDS = 10;
const CUTS = 10; // of each engine, at ages of the test engines
const LEFT = [7, 146]; // cycles that a test engine has left, at least and at most

/** The engines of a fold, each cut off at some ages of the test set: Map of name -> rows, and what each had left. */
function cutOff(engines, fold, ages) {
  const cut = new Map();
  const left = new Map();
  [...engines].forEach(([unit, rows], index) => {
    for (let i = 0; index % FOLDS === fold && i < CUTS; i++) {
      const age = ages[(index * 37 + i * Math.floor(ages.length / CUTS)) % ages.length];
      if (rows.length - age < LEFT[0] || rows.length - age > LEFT[1]) continue;
      cut.set(`${unit}/${i}`, rows.slice(0, age));
      left.set(`${unit}/${i}`, rows.length - age);
    }
  });
  return { cut, left };
}

/** The training engines in ten groups, each forecast from the other nine: one line of figures. The test engines give their ages. */
export async function validate(program, dataDir) {
  const engines = await read(dataDir, 'train_FD001.txt');
  const ages = [...(await read(dataDir, 'test_FD001.txt')).values()].map((rows) => rows.length);
  let [count, squares, score, inside] = [0, 0, 0, 0];
  for (let fold = 0; fold < FOLDS; fold++) {
    const { cut, left } = cutOff(engines, fold, ages);
    const lived = new Map([...engines].filter((_, index) => index % FOLDS !== fold));
    for (const [name, { rul, low, high }] of await forecast(program, lived, cut)) {
      const off = rul - left.get(name);
      count++;
      squares += (rul - Math.min(left.get(name), CAP)) ** 2;
      score += off < 0 ? Math.exp(-off / 13) - 1 : Math.exp(off / 10) - 1;
      inside += low <= left.get(name) && left.get(name) <= high;
    }
  }
  const figure = (value, digits) => value.toFixed(digits);
  return `${count} forecasts  RMSE ${figure(Math.sqrt(squares / count), 2)} (cap ${CAP})  PHM08 ${figure((score / count) * 100, 0)} for 100 engines  inside ${figure(inside / count, 3)}`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [task, ...rest] = process.argv.slice(2);
  console.log(await (task === 'validate' ? validate : run)(...rest));
}
