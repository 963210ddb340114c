// openapi.yaml documents the table of routes: the same paths and methods, both ways, and no answer with a missing schema.
import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'yaml';
import { read } from './source.mjs';

/** "get /devices/{}" of each row, without /api/v1; the kind of an {id} is not the document's business. Rows are written out or
 * through a macro, whose definition says the method. */
async function routes() {
  const text = await read('gateway/web/route.c');
  const rows = [...text.matchAll(/\{METHOD_(GET|POST), "(?:\/api\/v1)?(\/[^"]*)"/g)].map(([, method, path]) => [method, path]);
  for (const [, macro, method] of text.matchAll(/#define (\w+)\(path[^)]*\)[\s\\]*\{\s*METHOD_(GET|POST)/g)) {
    for (const [, path] of text.matchAll(new RegExp(`\\b${macro}\\("(?:/api/v1)?(/[^"]*)"`, 'g'))) rows.push([method, path]);
  }
  return new Set(rows.map(([method, path]) => `${method.toLowerCase()} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`));
}

const document = async () => parse(await read('gateway/web/openapi.yaml'));

test('routes and document name the same', async () => {
  const documented = new Set();
  for (const [path, methods] of Object.entries((await document()).paths)) {
    for (const method of Object.keys(methods)) documented.add(`${method} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`);
  }
  const coded = await routes();
  assert.ok(coded.size > 20, 'the table of routes was not understood');
  assert.deepEqual([...coded].filter((one) => !documented.has(one)), [], 'in the code only');
  assert.deepEqual([...documented].filter((one) => !coded.has(one)), [], 'in the document only');
});

test('every $ref leads somewhere', async () => {
  const whole = await document();
  const broken = [];
  const walk = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (typeof node.$ref === 'string') {
      const target = node.$ref.replace(/^#\//, '').split('/').reduce((at, key) => at?.[key], whole);
      if (!target) broken.push(node.$ref);
    }
    Object.values(node).forEach(walk);
  };
  walk(whole);
  assert.deepEqual(broken, []);
});

test('every operation says what it is and what it answers', async () => {
  for (const [path, methods] of Object.entries((await document()).paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      assert.ok(operation.summary, `${method} ${path}: summary`);
      assert.ok(Object.keys(operation.responses ?? {}).length > 0, `${method} ${path}: responses`);
    }
  }
});
