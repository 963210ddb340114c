// One child process of a demonstration or a test: started with its output in a log file, ended by signal, awaited.
// It stands in a process group of its own, so that Ctrl-C in the terminal reaches us first and we end things in order.
import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

// The kernel ends what we started, whatever way we end ourselves; an exit handler would not run when we are killed.
const WITH_US = ['setpriv', '--pdeathsig', 'KILL', '--'];

export class Process {
  constructor(name, command, args, { log, cwd, env } = {}) {
    this.name = name;
    this.log = log;
    const out = openSync(log, 'a');
    const [program, ...words] = [...WITH_US, command, ...args];
    this.child = spawn(program, words, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', out, out], detached: true });
    closeSync(out);
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => this.#end({ error }, resolve));
      this.child.once('exit', (code, signal) => this.#end({ code, signal }, resolve));
    });
  }

  #end(how, resolve) {
    this.end = how;
    resolve(how);
  }

  get pid() {
    return this.child.pid;
  }

  get isRunning() {
    return this.end === undefined;
  }

  signal(name) {
    if (this.isRunning) this.child.kill(name);
  }

  /** Ends it in order; after `seconds` it is killed, and that is an error. */
  async stop(seconds = 10) {
    if (!this.isRunning) return this.end;
    this.signal('SIGTERM');
    const late = Symbol('late');
    const end = await Promise.race([this.exited, sleep(seconds * 1000, late, { ref: false })]);
    if (end !== late) return end;
    await this.kill();
    throw new Error(`${this.name} did not end within ${seconds} s of SIGTERM (log: ${this.log})`);
  }

  async kill() {
    this.signal('SIGKILL');
    return this.exited;
  }

  /** The last lines of its log, for error messages. */
  async tail(lines = 15) {
    const text = await readFile(this.log, 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-lines).join('\n');
  }
}

/** Runs a command to its end; its output, or an error that shows it. */
export async function run(command, args, { input, cwd, env, allowFailure = false } = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const chunks = { stdout: [], stderr: [] };
  child.stdout.on('data', (chunk) => chunks.stdout.push(chunk));
  child.stderr.on('data', (chunk) => chunks.stderr.push(chunk));
  child.stdin.on('error', () => {}); // it may end without reading
  child.stdin.end(input ?? '');
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const result = { code, stdout: Buffer.concat(chunks.stdout).toString(), stderr: Buffer.concat(chunks.stderr).toString() };
  if (code !== 0 && !allowFailure) {
    throw new Error(`${command} ${args.join(' ')}: exit status ${code}\n${result.stderr || result.stdout}`);
  }
  return result;
}

/**
 * Asks again and again until `condition` gives something true, and returns that. It may throw while things start up.
 * After `seconds`: an error that says what was waited for and what was seen last.
 */
export async function waitFor(what, condition, { seconds = 15, every = 100, seen } = {}) {
  const deadline = performance.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = undefined;
    } catch (error) {
      if (error.fatal) throw error;
      last = error;
    }
    if (performance.now() > deadline) break;
    await sleep(every);
  }
  const shown = seen ? `; seen: ${typeof seen === 'function' ? await seen() : seen}` : '';
  throw new Error(`waited ${seconds} s for ${what}${last ? `; last: ${last.message}` : ''}${shown}`, { cause: last });
}
