// What the kernel says of a process.
import { readFile, readdir } from 'node:fs/promises';

/** Proportional set size: shared pages count by the number of processes that have them. */
export async function pssKib(pid) {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(text)[1]);
}

/**
 * Seconds on a processor of all its threads, to the nanosecond (/proc/PID/stat counts hundredths, too coarse for an agent that
 * uses a thousandth). Threads that ended meanwhile are not in it; ours last as long as their process.
 */
export async function cpuSeconds(pid) {
  const tasks = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8').catch(() => '0')));
  return texts.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e9, 0);
}

/** Seconds of CPU that the whole machine was busy, and that a host took away from it, since it started. */
export async function machineSeconds() {
  const [, user, nice, system, , , irq, softirq, steal] = (await readFile('/proc/stat', 'utf8')).split('\n', 1)[0].split(/ +/).map(Number);
  return (user + nice + system + irq + softirq + steal) / 100;
}
