// The example configurations name every option of the table of rows, and no other; what they comment out is the default.
import assert from 'node:assert/strict';
import test from 'node:test';
import { read } from './source.mjs';

/** "section.key" -> default of a table of config rows in C; undefined: none. */
async function rows(path) {
  const found = new Map();
  const row = /\{"(\w+)",\s*"(\w+)",\s*CONFIG_\w+,\s*AT\([^)]*\),\s*(NULL|"[^"]*")/g;
  for (const [, section, key, initial] of (await read(path)).matchAll(row)) found.set(`${section}.${key}`, initial === 'NULL' ? undefined : initial.slice(1, -1));
  return found;
}

/** "section.key" -> {value, isComment}; sections with a name, such as [tail NAME], are left out. */
async function example(path) {
  const found = new Map();
  let section = '';
  for (const line of (await read(path)).split('\n')) {
    const head = /^#?\s*\[([\w -]+)\]\s*$/.exec(line);
    if (head) section = head[1];
    const option = /^(#?)\s?(\w+)\s*=\s*(.*?)\s*$/.exec(line);
    if (option && !section.includes(' ')) found.set(`${section}.${option[2]}`, { value: option[3], isComment: option[1] === '#' });
  }
  return found;
}

for (const [name, file, table] of [
  ['gateway', 'deploy/gateway.conf.example', 'gateway/settings.c'],
  ['agent', 'deploy/agent.conf.example', 'agent/agent_config.c'],
]) {
  test(`deploy/${name}.conf.example names every option`, async () => {
    const known = await rows(table);
    const shown = await example(file);
    assert.ok(known.size > 10, 'the table of rows was not understood');
    assert.deepEqual([...shown.keys()].sort(), [...known.keys()].sort());
  });
  test(`deploy/${name}.conf.example comments out defaults`, async () => {
    const known = await rows(table);
    const wrong = [];
    for (const [key, { value, isComment }] of await example(file)) {
      if (isComment && known.get(key) !== undefined && known.get(key) !== value) wrong.push(`${key}: ${value}, default ${known.get(key)}`);
    }
    assert.deepEqual(wrong, []);
  });
}
