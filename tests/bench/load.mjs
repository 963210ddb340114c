// bench-load as a process: its `name value` lines as an object, and what other processes used while it measured.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { cpuSeconds, machineSeconds } from './procfs.mjs';

/** name -> pid as name -> seconds of CPU; `machine` is all of it. */
async function readCpu(watch) {
  const entries = Object.entries(watch).map(async ([name, pid]) => [name, await cpuSeconds(pid)]);
  entries.push(machineSeconds().then((seconds) => ['machine', seconds]));
  return Object.fromEntries(await Promise.all(entries));
}

export class Load {
  /** `options`: those of bench-load; what is undefined is left out. `watch`: name -> pid. */
  constructor(program, options, watch = {}) {
    const words = Object.entries(options).filter(([, value]) => value !== undefined).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdin.on('error', () => {}); // it may have ended
    this.child.stderr.on('data', (chunk) => { this.said = `${this.said ?? ''}${chunk}`; });
    const marks = {};
    const begin = new Promise((resolve) => { marks.begin = resolve; });
    this.result = this.#read(watch, marks);
    this.begun = Promise.race([begin, this.result]); // it may fail before
    for (const promise of [this.result, this.begun]) promise.catch(() => {}); // told to whoever awaits it
  }

  async #read(watch, marks) {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    const values = {};
    const usage = {};
    for await (const line of createInterface({ input: this.child.stdout })) {
      const [name, value] = line.split(' ');
      if (value !== undefined) values[name] = name === 'tls' ? value : Number(value);
      else usage[name] = readCpu(watch);
      marks[name]?.();
    }
    const code = await ended;
    if (code !== 0) throw new Error(`bench-load: exit status ${code}\n${this.said ?? ''}`);
    const [before, after] = [await usage.begin, await usage.end];
    const { machine, ...cpu } = Object.fromEntries(Object.keys(before).map((name) => [name, after[name] - before[name]]));
    cpu.generator = values.cpu_ratio * values.seconds;
    const ours = Object.values(cpu).reduce((sum, seconds) => sum + seconds, 0);
    const others = Math.max(0, machine - ours) / values.seconds / availableParallelism();
    return { ...values, cpu, others, rate: values.messages / values.seconds };
  }

  /** Ends measuring; it waits for the last acknowledgements and reports. */
  finish() {
    this.child.stdin.end();
    return this.result;
  }

  kill() {
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
  }
}

/** One line for people: what held the generator back, and how much of the machine went to what is not of the bench. */
export function describeLoad(result) {
  const percent = (ratio) => `${(ratio * 100).toFixed(0)} %`;
  return `${result.rate.toFixed(0)} messages/s; generator: ${percent(result.cpu_ratio)} on a CPU, ` +
    `${percent(result.runnable_ratio)} waiting for one, ${percent(result.blocked_ratio)} asleep with every window full; ` +
    `others took ${percent(result.others)} of the machine`;
}
