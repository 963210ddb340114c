// deploy/log-events.md lists every event that the programs log, with its levels, and no other.
import assert from 'node:assert/strict';
import test from 'node:test';
import { logEvents } from './log_events.mjs';
import { read } from './source.mjs';

async function documented() {
  const found = new Map();
  for (const [, event, levels, meaning] of (await read('deploy/log-events.md')).matchAll(/^\| `([\w.]+ \w+)` \| ([\w, ]+) \| (.*) \|$/gm)) {
    assert.ok(!found.has(event), `${event} is listed twice`);
    assert.ok(meaning.length > 3, `${event} says nothing`);
    found.set(event, levels.split(', ').sort());
  }
  return found;
}

test('every event is listed with its levels, and no other', async () => {
  const coded = await logEvents();
  const listed = await documented();
  assert.ok(coded.size > 80, 'the source was not understood');
  const rows = [...coded].filter(([event]) => !listed.has(event)).map(([event, levels]) => `| \`${event}\` | ${levels.join(', ')} | ... |`);
  assert.deepEqual(rows, [], 'these rows are missing in deploy/log-events.md');
  assert.deepEqual([...listed.keys()].filter((event) => !coded.has(event)), [], 'no program says these');
  for (const [event, levels] of coded) assert.deepEqual(listed.get(event), levels, event);
});

test('events that the handbook names exist', async () => {
  const coded = [...(await logEvents()).keys()];
  const ids = new Set(coded.map((event) => event.split(' ')[1]));
  const areas = [...new Set(coded.map((event) => event.split(' ')[0]))];
  const wrong = [];
  for (const [, area, rest] of (await read('deploy/README.md')).matchAll(/`([a-z]+\.[a-z]+) (\w[^`]*)`/g)) {
    if (!areas.includes(area)) continue;
    const id = rest.split(/[ ,]/)[0];
    if (!ids.has(id) || !coded.includes(`${area} ${id}`)) wrong.push(`${area} ${id}`);
  }
  assert.deepEqual(wrong, []);
});
