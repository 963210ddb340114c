// `make bench`: one figure a line, `name value unit`, on stdout; progress and settings on stderr. README.md has a table of all figures:
// what each means, its goal and its setting.
//
//   node tests/bench/run.mjs [TOPIC...]       BENCH_ROUNDS=1 for a quick look (default 3)
//
// A topic that fails does not stop the others; the exit status is then 1.
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bench } from './bench.mjs';

// Name, and the function that its file NAME.mjs exports: (print, say, bench) -> promise. A third column: what it gets instead of `bench`.
const TOPICS = [
  ['ingest', 'ingestFigures'],
  ['latency', 'latencyFigures'],
  ['overload', 'overloadFigures'],
  ['backlog', 'backlogFigures'],
  ['drain', 'drainFigures'],
  ['agent', 'agentFigures'],
  ['history', 'historyFigures', ({ stack }) => ({ program: stack.place.program('bench-history'), root: stack.place.source() })],
  ['pipeline', 'pipelineFigures'],
  ['detectors', 'detectorsFigures'],
  ['logs', 'logsFigures'],
  ['spool', 'spoolFigures'],
  ['record', 'recordFigures'],
  ['prometheus', 'prometheusFigures'],
  ['products', 'productsFigures', ({ stack }) => ({ program: stack.place.program('bench-products'), root: stack.place.source() })],
  ['flood', 'floodFigures'],
  ['sessions', 'sessionsFigures', ({ rounds }) => ({ rounds })],
  ['session_files', 'sessionFilesFigures', ({ rounds }) => ({ rounds })],
].filter(([name]) => existsSync(new URL(`${name}.mjs`, import.meta.url)));

const print = (name, value, unit) => console.log(`${name} ${value} ${unit}`);
const say = (text) => console.error(`  ${text}`);

function chosen(words) {
  const known = TOPICS.map(([name]) => name);
  const unknown = words.filter((word) => !known.includes(word));
  if (unknown.length > 0) {
    console.error(`no topic ${unknown.join(', ')}; there are: ${known.join(', ')}`);
    process.exit(2);
  }
  return words.length > 0 ? TOPICS.filter(([name]) => words.includes(name)) : TOPICS;
}

function readRounds(text = '3') {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= 100) return rounds;
  console.error(`BENCH_ROUNDS is '${text}': expected a number from 1 to 100`);
  process.exit(2);
}

/** What it does fails by itself: the next topic gets its turn. */
async function attempt(name, what) {
  try {
    await what();
  } catch (error) {
    console.error(`${name} FAILED: ${error.stack}`);
    process.exitCode = 1;
  }
}

const topics = chosen(process.argv.slice(2));
const rounds = readRounds(process.env.BENCH_ROUNDS);
const bench = new Bench(await mkdtemp(join(tmpdir(), 'fl-bench-')), rounds);
try {
  await bench.prepare();
  for (const [name, figures, given = (it) => it] of topics) {
    const begun = performance.now();
    console.error(`${name}:`);
    await attempt(name, async () => (await import(`./${name}.mjs`))[figures](print, say, given(bench)));
    await attempt(name, () => bench.tidy());
    say(`${name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  }
} finally {
  await bench.stop();
}
