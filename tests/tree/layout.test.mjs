// The tree's outer form: what stands at the top, sizes of files, words that must not be left in.
import assert from 'node:assert/strict';
import { access, constants, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { ROOT, files, read } from './source.mjs';

const TOP = ['Makefile', 'README.md', 'LICENSE', 'agent', 'deploy', 'gateway', 'include', 'rules', 'tests', 'build'];
const SOURCES = ['gateway', 'agent', 'include', 'tests', 'deploy'];

test('the top level holds what was agreed on', async () => {
  const names = await readdir(ROOT);
  assert.deepEqual(names.filter((name) => !name.startsWith('.') && !TOP.includes(name)), []);
});

test('a source file has one noun: at most 600 lines', async () => {
  const long = [];
  for (const folder of SOURCES) {
    for (const path of await files(folder, /\.(c|h|ts|tsx|mjs|sh)$/)) {
      const lines = (await read(path)).split('\n').length;
      if (lines > 600) long.push(`${path}: ${lines}`);
    }
  }
  assert.deepEqual(long, []);
});

test('no unfinished work is left', async () => {
  const found = [];
  const unfinished = new RegExp(['TO', 'DO|FIX', 'ME|XX', 'X\\b'].join(''));
  for (const folder of SOURCES) {
    for (const path of await files(folder, /\.(c|h|ts|tsx|mjs|sh|md|yaml)$/)) {
      (await read(path)).split('\n').forEach((line, index) => {
        if (unfinished.test(line) && !/XXXXXX/.test(line)) found.push(`${path}:${index + 1}`);
      });
    }
  }
  assert.deepEqual(found, []);
});

test('every header has its guard', async () => {
  const bare = [];
  for (const folder of ['gateway', 'agent', 'include', 'tests']) {
    for (const path of await files(folder, /\.h$/)) if (!/^#pragma once$/m.test(await read(path))) bare.push(path);
  }
  assert.deepEqual(bare, []);
});

test('what is run can be run', async () => {
  for (const path of ['.ci/run', 'deploy/pki/fieldline-pki', 'deploy/install-packages']) {
    await access(join(ROOT, path), constants.X_OK);
  }
});
