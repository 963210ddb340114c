// What deploy/ gives to those who watch the gateway fits what the gateway says.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { parse } from 'yaml';
import { ROOT, files, read } from './source.mjs';

/** Names of the handbook's table of figures; a flow test compares that with the running gateway. */
async function figures() {
  const text = await read('deploy/README.md');
  const table = text.slice(text.indexOf('<!-- figures -->'), text.indexOf('<!-- /figures -->'));
  const names = [...table.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`(\w+)(?:\{[^`]*)?`/g)].map(([, name]) => name));
  return new Set(names.map((name) => (name.startsWith('process_') ? name : `fieldline_${name}`)));
}

test('the handbook lists each figure once', async () => {
  const text = await read('deploy/README.md');
  const table = text.slice(text.indexOf('<!-- figures -->'), text.indexOf('<!-- /figures -->'));
  const names = [...table.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`(\w+)(?:\{[^`]*)?`/g)].map(([, name]) => name));
  assert.ok(names.length > 60, 'the table was not understood');
  assert.deepEqual(names.filter((name, index) => names.indexOf(name) !== index), []);
});

test('the example alerts are about figures that exist, and say what to do', async () => {
  const known = await figures();
  const rules = parse(await read('deploy/prometheus/alerts.yml')).groups.flatMap(({ rules: all }) => all);
  assert.ok(rules.length > 5);
  for (const { alert, expr, labels, annotations } of rules) {
    const used = [...expr.matchAll(/\b(fieldline|process)_\w+/g)].map(([name]) => name);
    for (const name of used) assert.ok(known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, '')), `${alert}: ${name}`);
    assert.ok(used.length > 0 || expr.startsWith('up'), `${alert} is about nothing of ours`);
    assert.match(labels.severity, /^(info|warning|critical)$/, alert);
    assert.ok(annotations.summary && annotations.description, alert);
  }
});

test('promtool accepts the examples', (t) => {
  const check = (...words) => spawnSync('promtool', words, { cwd: ROOT, encoding: 'utf8' });
  if (check('--version').error) return t.skip('no promtool here');
  for (const words of [['check', 'rules', 'deploy/prometheus/alerts.yml'], ['check', 'config', '--syntax-only', 'deploy/prometheus/scrape.yml']]) {
    const { status, stdout, stderr } = check(...words);
    assert.equal(status, 0, stdout + stderr);
  }
});

test('every reason of /healthz is in the handbook and in openapi.yaml', async () => {
  const ids = [...(await read('gateway/health.c')).matchAll(/\{\w+, HEALTH_\w+, "(\w+)"/g)].map(([, id]) => id);
  assert.ok(ids.length >= 5, 'the table of rows was not understood');
  const handbook = [...(await read('deploy/README.md')).matchAll(/^\| `(\w+)` \| (?:dead|unready|degraded)/gm)].map(([, id]) => id);
  assert.deepEqual(handbook, ids);
  assert.deepEqual(parse(await read('gateway/web/openapi.yaml')).components.schemas.Health.properties.reasons.items.properties.id.enum, ids);
});

test('every reason for quarantine has a cause', async () => {
  const begins = [...(await read('gateway/quarantine_cause.c')).matchAll(/^ {4}\{"([^"]*)", QUARANTINE_/gm)].map(([, begin]) => begin);
  assert.ok(begins.length > 5, 'the table of rows was not understood');
  const without = [];
  for (const path of await files('gateway', /\.c$/)) {
    for (const [, format] of (await read(path)).matchAll(/pipeline_quarantine\(core,[^"]*?(?:"",\s*)?"((?:[^"\\]|\\.)*)"/g)) {
      if (!begins.some((begin) => format.startsWith(begin))) without.push(`${path}: ${format}`);
    }
  }
  assert.deepEqual(without, []);
});
