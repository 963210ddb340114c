// The table of figures in README.md and what tests/bench prints: the same names, neither more nor less.
import assert from 'node:assert/strict';
import test from 'node:test';
import { files, read } from './source.mjs';

/** "a_{1,10}_b" -> ["a_1_b", "a_10_b"] */
function expand(name) {
  const found = /^(.*?)\{([^}]*)\}(.*)$/.exec(name);
  if (!found) return [name];
  return found[2].split(',').flatMap((choice) => expand(found[1] + choice + found[3]));
}

async function documented() {
  const section = /^## Figures$([^]*?)^## /m.exec(await read('README.md'))[1];
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => [...row.split('|')[1].matchAll(/`([^`]+)`/g)]).flatMap(([, name]) => expand(name));
}

const asPattern = (parts) => new RegExp(`^${parts.map((part) => part.replaceAll(/\W/g, '\\$&')).join('\\w+')}$`);

/** First arguments of print() in scripts: texts and templates, as patterns. A choice `c ? a : b` counts as both. */
async function printedByScripts() {
  const found = [];
  for (const path of await files('tests/bench', /\.mjs$/)) {
    for (const [line] of (await read(path)).matchAll(/\bprint\((?:[^`'(),]*\? *)?[`'][^\n]*/g)) {
      const name = line.split(/, (?![^`]*\}`)/)[0];
      for (const [, , text] of name.matchAll(/([`'])((?:(?!\1).)+)\1/g)) found.push({ path, text, pattern: asPattern(text.split(/\$\{[^}]*\}/)) });
    }
  }
  return found;
}

/** What programs print themselves: printf("name %value unit\n") and print("name", ...). */
async function printedByPrograms() {
  const found = [];
  for (const path of await files('tests/bench', /\.c$/)) {
    const calls = (await read(path)).matchAll(/\bprintf\("([a-z][\w%]*) %[^ "\\]+ [^" \\]+\\n"|\bprint\("(\w+)"/g);
    for (const [, format, name] of calls) found.push({ path, text: format ?? name, pattern: asPattern((format ?? name).split('%s')) });
  }
  return found;
}

const printed = async () => [...(await printedByScripts()), ...(await printedByPrograms())];

test('a name with choices is expanded', () => {
  assert.deepEqual(expand('a_{1,10}_{x,y}'), ['a_1_x', 'a_1_y', 'a_10_x', 'a_10_y']);
});

test('every figure of README.md is printed by a topic of the bench', async () => {
  const calls = await printed();
  const names = await documented();
  assert.ok(names.length > 40 && calls.length > 20, 'the table or the calls were not understood');
  assert.deepEqual(names.filter((name) => !calls.some(({ pattern }) => pattern.test(name))), []);
  assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), [], 'named twice');
});

test('every figure that the bench prints is in README.md', async () => {
  const names = await documented();
  const wrong = (await printed()).filter(({ pattern }) => !names.some((name) => pattern.test(name)));
  assert.deepEqual(wrong.map(({ path, text }) => `${path}: ${text}`), []);
});

test('every topic of the bench is a file, and every file that prints figures a topic', async () => {
  const rows = [...(await read('tests/bench/run.mjs')).matchAll(/^ {2}\['(\w+)', '(\w+)'[,\]]/gm)];
  assert.ok(rows.length > 0, 'the table of topics was not understood');
  const topics = new Map(rows.map(([, name, figures]) => [`tests/bench/${name}.mjs`, figures]));
  const exporting = [];
  for (const path of await files('tests/bench', /\.mjs$/)) {
    const [, figures] = /^export (?:async )?function (\w+Figures)\(/m.exec(await read(path)) ?? [];
    if (figures) exporting.push([path, figures]);
  }
  assert.deepEqual(exporting.filter(([path, figures]) => topics.get(path) !== figures), []);
});

test('every detector is measured, and named in README.md', async () => {
  const table = await read('gateway/rules/detect/detectors.c');
  const detectors = [...table.matchAll(/^ {4}\{"(\w+)", &\w+, 0\},/gm)].map(([, name]) => name);
  const rows = [...(await read('tests/bench/detectors.c')).matchAll(/\{"(\w+)", \d/g)].map(([, name]) => name);
  const names = await documented();
  assert.ok(detectors.length > 4, 'the table was not understood');
  assert.deepEqual(detectors.filter((name) => !rows.includes(name)), [], 'without a row in tests/bench/detectors.c');
  assert.deepEqual(detectors.filter((name) => !names.includes(`detector_${name}_ns_per_sample`)), [], 'not in README.md');
});
