// Runs the tests: every step is a command that says what it found, in TAP. Prints a line a step, the failures with their
// texts, and at last `N passed, N failed`. Exit status 0 only when nothing failed and every step ran something.
//
//   node tests/run.mjs [--mode release|asan|tsan|cov] [--only KIND,KIND] [--list]     kinds: unit fuzz tree flow browser e2e
//
// Two steps run at a time. Logs stay in build/test/MODE/. With a sanitizer its reports go to files beside them, and a file is a failure:
// Criterion runs each test in a process of its own and would hide what that process's sanitizer says.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const options = readOptions(process.argv.slice(2));
const programs = join(ROOT, 'build', options.mode);
const logs = join(ROOT, 'build/test', options.mode);

function readOptions(words) {
  const read = { mode: 'release', only: undefined, list: false };
  for (let i = 0; i < words.length; i++) {
    if (words[i] === '--list') read.list = true;
    else if (words[i] === '--mode') read.mode = words[++i];
    else if (words[i] === '--only') read.only = words[++i].split(',');
    else throw new Error(`unknown option ${words[i]}`);
  }
  return read;
}

/** {kind, name, command, args, seconds}: at most so long, or it is ended and has failed. */
async function findSteps() {
  const built = existsSync(programs) ? await readdir(programs) : [];
  const isProgram = (prefix) => built.filter((name) => name.startsWith(prefix) && /^[a-z]+-[a-z_]+$/.test(name)).sort();
  const steps = [
    ...isProgram('unit-').map((name) => ({ kind: 'unit', name, command: join(programs, name), args: ['--tap=-', '-j1'], seconds: 300 })),
    ...isProgram('fuzz-').map((name) => fuzzStep(name)),
    ...(await nodeSteps('tree', 60)),
    ...(await nodeSteps('browser', 300)),
    ...(await nodeSteps('integration', 600, 'flow')),
    ...(await nodeSteps('e2e', 300)),
  ];
  return steps.filter((step) => !options.only || options.only.includes(step.kind));
}

function fuzzStep(name) {
  const corpus = join(ROOT, 'tests/fuzz/corpus', name.slice('fuzz-'.length));
  return { kind: 'fuzz', name, command: join(programs, name), args: [corpus], seconds: 120, isOneTest: true };
}

async function nodeSteps(folder, seconds, kind = folder) {
  const path = join(ROOT, 'tests', folder);
  const files = existsSync(path) ? (await readdir(path)).filter((name) => name.endsWith('.test.mjs')).sort() : [];
  return files.map((file) => ({
    kind,
    name: `${folder}/${basename(file, '.test.mjs')}`,
    command: process.execPath,
    args: ['--test', `--test-reporter=${join(ROOT, 'tests/reporter.mjs')}`, '--test-reporter-destination=stdout', join(path, file)],
    seconds,
  }));
}

function environment(step) {
  const report = join(logs, `${step.name.replaceAll('/', '-')}.sanitizer`);
  const shared = `log_path=${report}:exitcode=86`;
  return {
    ...process.env,
    FIELDLINE_MODE: options.mode,
    ASAN_OPTIONS: `${shared}:detect_leaks=1:detect_stack_use_after_return=1`,
    LSAN_OPTIONS: `suppressions=${join(ROOT, 'tests/lsan.txt')}:print_suppressions=0`,
    UBSAN_OPTIONS: `${shared}:print_stacktrace=1`,
    TSAN_OPTIONS: `${shared}:suppressions=${join(ROOT, 'tests/tsan.txt')}:second_deadlock_stack=1`,
  };
}

async function runStep(step) {
  const begun = performance.now();
  const child = spawn(step.command, step.args, { cwd: ROOT, env: environment(step), stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => chunks.push(chunk));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    process.kill(-child.pid, 'SIGKILL');
  }, step.seconds * 1000);
  const code = await new Promise((done) => {
    child.once('error', (error) => { chunks.push(Buffer.from(`${error.message}\n`)); done(-1); });
    child.once('close', (status, signal) => done(status ?? signal));
  });
  clearTimeout(timer);
  const text = Buffer.concat(chunks).toString();
  await writeFile(join(logs, `${step.name.replaceAll('/', '-')}.log`), text);
  const result = step.isOneTest ? { passed: code === 0 ? 1 : 0, skipped: 0, failures: [] } : count(text);
  if (isLate) result.failures.push(`did not end within ${step.seconds} s`);
  else if (code !== 0 && result.failures.length === 0) result.failures.push(`exit status ${code}\n${lastLines(text, 20)}`);
  else if (result.passed + result.failures.length === 0) result.failures.push('ran no test');
  result.failures.push(...(await sanitizerReports(step)));
  return { ...result, step, seconds: (performance.now() - begun) / 1000 };
}

/** What a flat TAP text says: how many passed, and each failure with the indented lines below it. */
function count(text) {
  const result = { passed: 0, skipped: 0, failures: [] };
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const found = /^(not )?ok\b(?: \d+)? *-? *(.*)$/.exec(lines[i]);
    if (!found) continue;
    const [, isBad, name] = found;
    const about = [];
    while (/^ +/.test(lines[i + 1] ?? '')) about.push(lines[++i]);
    if (isBad) result.failures.push([name, ...about.slice(0, 40)].join('\n'));
    else if (/# SKIP/i.test(name)) result.skipped++;
    else result.passed++;
  }
  return result;
}

async function sanitizerReports(step) {
  const prefix = `${step.name.replaceAll('/', '-')}.sanitizer`;
  const files = (await readdir(logs)).filter((name) => name.startsWith(prefix));
  return Promise.all(files.map(async (name) => `sanitizer report ${name}\n${(await readFile(join(logs, name), 'utf8')).split('\n').slice(0, 40).join('\n')}`));
}

function lastLines(text, lines) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

const steps = await findSteps();
if (options.list) {
  for (const step of steps) console.log(`${step.kind.padEnd(8)} ${step.name}`);
  process.exit(0);
}
await rm(logs, { recursive: true, force: true });
await mkdir(logs, { recursive: true });
const results = [];
const waiting = [...steps];
async function worker(next) {
  for (let step = next(); step; step = next()) {
    const result = await runStep(step);
    results.push(result);
    const verdict = result.failures.length > 0 ? `${result.failures.length} FAILED` : 'ok';
    console.log(`  ${step.kind.padEnd(8)}${step.name.padEnd(34)}${String(result.passed).padStart(5)} passed  ${verdict.padEnd(10)}${result.seconds.toFixed(1).padStart(7)} s`);
  }
}
// One takes from the front, where the steps are that compute, one from the back, where those are that wait.
await Promise.all([worker(() => waiting.shift()), worker(() => waiting.pop())]);

for (const { step, failures } of results) {
  for (const failure of failures) console.log(`\n--- FAILED ${step.kind} ${step.name}: ${failure}`);
}
const sum = (pick) => results.reduce((total, result) => total + pick(result), 0);
const passed = sum((result) => result.passed);
const failed = sum((result) => result.failures.length) + (steps.length === 0 ? 1 : 0);
if (steps.length === 0) console.log('no step matched');
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
