// deploy/limits.md lists every cap of the wire and every bounded option; it has to say what the code says.
import assert from 'node:assert/strict';
import test from 'node:test';
import { files, read } from './source.mjs';

/** CAP_* of include/fieldline/caps.h with their values. */
async function caps() {
  const text = (await read('include/fieldline/caps.h')).replace(/\/\*[\s\S]*?\*\//g, '');
  const found = new Map();
  for (const [, name, expression] of text.matchAll(/\b(CAP_[A-Z0-9_]+)\s*=\s*([0-9 *+()]+)/g)) {
    found.set(name, expression.split('*').reduce((product, factor) => product * Number(factor), 1));
  }
  return found;
}

/** Rows of the tables whose first cell is a name in backquotes: name -> the other cells. */
async function documented() {
  const rows = new Map();
  for (const line of (await read('deploy/limits.md')).split('\n')) {
    const found = /^\|\s*`([^`]+)`\s*\|(.*)\|\s*$/.exec(line);
    if (found) rows.set(found[1], found[2].split('|').map((cell) => cell.trim()));
  }
  return rows;
}

const WORDS = { SECOND: 1000, MINUTE: 60e3, HOUR: 3600e3, DAY_MS: 86400e3, DAY: 86400e3 };

/** The value of a bound as the tables write it: products, shifts, and the names above. */
function evaluate(expression, names) {
  const plain = expression.replaceAll(/INT64_C\((\w+)\)/g, '$1').replaceAll(/\b(\d+)(LL|L|U)\b/g, '$1');
  return plain.split('*').reduce((product, factor) => {
    const [base, shift] = factor.split('<<').map((word) => Number(names[word.trim()] ?? word));
    return product * base * 2 ** (shift ?? 0);
  }, 1);
}

/** A number as the configuration writes it, with the largest unit that divides it. */
function show(value, type) {
  const units = { DURATION: [['d', 86400e3], ['h', 3600e3], ['m', 60e3], ['s', 1000], ['ms', 1]], SIZE: [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 1024], ['', 1]] };
  for (const [unit, size] of units[type] ?? []) if (value >= size && value % size === 0) return `${value / size}${unit}`;
  return String(value);
}

/** "program: section.key" -> [default, least, most] of a table of config rows in C. */
async function options(program, path) {
  const text = await read(path);
  const names = { ...WORDS, ...Object.fromEntries(await caps()) };
  const found = new Map();
  const row = /\{"(\w+)",\s*"(\w+)",\s*CONFIG_(INTEGER|DURATION|SIZE|REAL),\s*AT\([^)]*\),\s*(NULL|"[^"]*"),\s*([^{}"]*?),\s*(?:true|false),/g;
  for (const [, section, key, type, initial, bounds] of text.matchAll(row)) {
    const [least, most] = bounds.split(',').map((bound) => show(evaluate(bound, names), type));
    found.set(`${program}: ${section}.${key}`, [initial.replaceAll('"', ''), least, most]);
  }
  return found;
}

test('every cap is listed with its value, and no other', async () => {
  const listed = new Map([...(await documented())].filter(([name]) => name.startsWith('CAP_')).map(([name, cells]) => [name, Number(cells[0].replaceAll(/[,_ ]/g, ''))]));
  assert.deepEqual(Object.fromEntries(listed), Object.fromEntries(await caps()));
});

/** Constants of an enum in these headers: name -> number. */
async function constants(...paths) {
  const found = new Map();
  for (const path of paths) {
    const text = (await read(path)).replace(/\/\*[\s\S]*?\*\//g, '');
    for (const [, name, expression] of text.matchAll(/\b([A-Z][A-Z0-9_]+) = ([0-9 *]+)(?=[,\s}])/g)) {
      found.set(name, expression.split('*').reduce((product, factor) => product * Number(factor), 1));
    }
  }
  return found;
}

test('constants of the edge and of the log are listed with their values', async () => {
  const coded = await constants('gateway/web/server.h', 'gateway/web/edge.h', 'gateway/web/request.h', 'include/fieldline/log.h', 'gateway/rules/logs/pattern.h', 'gateway/rules/logs/watch.h', 'gateway/log_wait.h');
  const listed = [...(await documented())].filter(([name]) => /^(SERVER|WEB|REQUEST|LOG)_/.test(name));
  assert.ok(listed.length > 10);
  for (const [name, [value]] of listed) assert.equal(Number(value.replaceAll(',', '')), coded.get(name), name);
});

test('every bound of the adapters is listed with its value', async () => {
  const folder = 'gateway/ingest/adapters';
  const found = {};
  for (const path of [...(await files(folder, /\.h$/)), 'gateway/foreign.h']) {
    const text = (await read(path)).replace(/\/\*[\s\S]*?\*\//g, '');
    for (const [, name, expression] of text.matchAll(/\b((?:\w+_MAX|\w+_PER_\w+|\w+_EVERY_MS|SPARKPLUG_ARENA_BYTES))\s*=\s*([0-9 *]+)/g)) found[name] = evaluate(expression, {});
  }
  assert.ok(Object.keys(found).length > 10);
  const listed = await documented();
  for (const [name, value] of Object.entries(found)) assert.equal(Number(listed.get(name)?.[0].replaceAll(',', '')), value, name);
});

for (const [program, path] of [['gateway', 'gateway/settings.c'], ['agent', 'agent/agent_config.c']]) {
  test(`every bounded option of the ${program} is listed with its default and bounds, and no other`, async () => {
    const expected = await options(program, path);
    const listed = [...(await documented())].filter(([name]) => name.startsWith(`${program}: `));
    assert.ok(expected.size > 5, 'the table of rows was not understood');
    assert.deepEqual(Object.fromEntries(listed.map(([name, cells]) => [name, cells.slice(0, 3)])), Object.fromEntries(expected));
  });
}

test('the limits of the history are those of the code', async () => {
  const files = ['history.h', 'chunk.h', 'tier.h', 'journal.h', 'reader.h'];
  const text = (await Promise.all(files.map((name) => read(`gateway/store/${name}`)))).join('\n');
  const rows = [...(await documented())].filter(([name]) => /^(HISTORY|CHUNK|TIER|JOURNAL|READER)_/.test(name));
  assert.ok(rows.length >= 8);
  for (const [name, [value]] of rows) {
    const found = new RegExp(`\\b${name}\\s*=\\s*([0-9 *]+)`).exec(text);
    assert.ok(found, `${name} is in no header`);
    assert.equal(Number(value.replaceAll(',', '')), evaluate(found[1], {}), name);
  }
});
