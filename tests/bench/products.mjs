// What the shipped packs are worth on simulated products: alarms for nothing in 30 days of 20 healthy ones of each kind, and how long
// before its end each developing fault is told. The program is tests/bench/products.c.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Lines `name value unit`: {name, value, unit}. */
export function figuresOf(text) {
  return text.split('\n').filter(Boolean).map((line) => {
    const [name, value, unit] = line.split(' ');
    return { name, value: Number(value), unit };
  });
}

/** Runs the program for one model (all, when undefined). Its stderr tells which alarm came when. */
export async function runTrial(program, root, { model, days, units, faultUnits } = {}) {
  const options = { model, days, units, 'fault-units': faultUnits };
  const args = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
  const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: root, maxBuffer: 1 << 24 });
  return { figures: figuresOf(stdout), told: stderr };
}

export async function productsFigures(print, say, { program, root }) {
  const { figures, told } = await runTrial(program, root);
  for (const line of told.trimEnd().split('\n')) say(line);
  for (const { name, value, unit } of figures) {
    const [, model] = /^false_alarms_(\w+)$/.exec(name) ?? [];
    if (model) print(`false_alarms_${model}`, value, unit);
    const [, fault] = /^lead_time_(\w+)_h$/.exec(name) ?? [];
    if (fault) print(`lead_time_${fault}_h`, value, unit);
  }
}
