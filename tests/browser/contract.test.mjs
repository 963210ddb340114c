// Three things that must stay together with the console: the API's description and what the fake gateway says, the dictionaries
// and what the pages say, and the size of the first page.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ROOT } from './browser.mjs';
import { says, withConsole } from './console_test.mjs';
import { startFake } from './fake-api.mjs';
import { SESSION_ENDED, SESSION_LIVE } from './fake-data.mjs';
import { findBreaches } from './openapi.mjs';

const FIRST_LOAD_BYTES = 120_000; // JavaScript and styles of the first page, compressed
const BUILD = process.env.FIELDLINE_CONSOLE_OUT ?? join(ROOT, 'build/console');
const SOURCE = join(ROOT, 'gateway/console/src');

const ASKED = [
  ['GET', '/me'],
  ['GET', '/overview'],
  ['GET', '/devices'],
  ['GET', '/devices/freezer-7'],
  ['GET', '/devices/freezer-7/history?metric=air_temperature&from_ms=0&to_ms=1000000&points=10'],
  ['GET', '/devices/freezer-7/logs'],
  ['GET', '/alarms'],
  ['POST', '/alarms/9/acknowledge'],
  ['GET', '/alarms?state=suppressed'],
  ['GET', '/alarms?incident=3'],
  ['POST', '/alarms/9/shelve', { minutes: 60, reason: 'x' }],
  ['POST', '/alarms/9/shelve', { minutes: 60 }],
  ['POST', '/alarms/9/unshelve', {}],
  ['POST', '/alarms/9/unshelve', {}],
  ['POST', '/alarms/5/reset', {}],
  ['POST', '/alarms/9/reset', {}],
  ['GET', '/shelves'],
  ['GET', '/maintenance'],
  ['GET', '/maintenance?past=true'],
  ['POST', '/maintenance', { scope: 'all', to_ms: Date.now() + 3_600_000, reason: 'x' }],
  ['POST', '/maintenance', { scope: 'all', to_ms: 1, reason: 'x' }],
  ['POST', '/maintenance/1/end', {}],
  ['GET', '/incidents'],
  ['GET', '/incidents/3'],
  ['GET', '/incidents/9'],
  ['GET', '/devices/freezer-7/pending'],
  ['POST', '/devices/freezer-7/location', { site: 'ward-2' }],
  ['GET', '/tickets'],
  ['GET', '/tickets/41'],
  ['GET', '/tickets/42'],
  ['GET', '/tickets/41/evidence'],
  ['GET', '/tickets/42/evidence'],
  ['GET', '/evidence/7'],
  ['GET', '/evidence/99'],
  ['POST', '/tickets', { device: 'washer-2', subject: 'x' }],
  ['POST', '/tickets/41/actions', { action: 'diagnose' }, { 'If-Match': '"3"' }],
  ['POST', '/tickets/41/actions', { action: 'diagnose' }, { 'If-Match': '"1"' }],
  ['POST', '/tickets/41/sessions', { capabilities: ['observe'], reason: 'x' }],
  ['GET', '/devices/freezer-7/session-terms'],
  ['GET', '/access'],
  ['GET', '/people'],
  ['GET', '/qualifications'],
  ['POST', '/qualifications', { user: 'ann', model: '*', capabilities: ['shell'], until_ms: 4e12 }],
  ['POST', '/qualifications/1/revoke', {}],
  ['GET', '/contracts'],
  ['POST', '/contracts', { scope: 'site', target: 'ward-3', customer: 'x', until_ms: 4e12, capabilities: [] }],
  ['POST', '/kill', { scope: 'all', reason: 'x' }],
  ['GET', '/kill'],
  ['POST', '/kill/1/lift', {}],
  ['POST', '/kill/1/lift', {}],
  ['GET', '/kill?past=true'],
  ['POST', '/tickets/41/emergency', { capabilities: ['observe'], reason: 'x', password: 'wrong' }],
  ['GET', '/sessions?waits=review'],
  ['GET', '/sessions'],
  ['GET', `/sessions/${SESSION_ENDED}`],
  ['GET', `/sessions/${SESSION_LIVE}/cast`],
  ['GET', `/sessions/${SESSION_ENDED}/verify`],
  ['POST', `/sessions/${SESSION_LIVE}/end`, {}],
  ['POST', '/ws-tickets', {}],
  ['GET', '/audit'],
  ['GET', '/quarantine'],
  ['GET', '/models'],
  ['GET', '/rules'],
  ['GET', '/rules/versions'],
  ['GET', '/rules/files?version=2&model=vaccine-freezer'],
  ['GET', '/rules/trial'],
  ['POST', '/rules/revert', { version: 1 }],
  ['GET', '/devices/nobody'],
  ['POST', '/logout', {}],
  ['GET', '/me'],
  ['POST', '/login', { user: 'ann', password: 'wrong' }],
  ['POST', '/login', { user: 'ann', password: 'correct horse' }],
];

test('the fake gateway says what openapi.yaml says', async () => {
  const fake = await startFake({ user: 'sun' });
  try {
    for (const [method, path, body, headers] of ASKED) {
      const response = await fetch(`${fake.url}/api/v1${path}`, {
        method,
        headers: { 'Content-Type': 'application/json', ...headers },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const text = await response.text();
      assert.deepEqual(findBreaches(method, path.split('?')[0], response.status, text ? JSON.parse(text) : undefined), []);
    }
  } finally {
    await fake.close();
  }
});

test('the judge of answers is not blind', () => {
  assert.deepEqual(findBreaches('GET', '/me', 200, { user: 'ann', name: 'Ann', role: 'engineer' }), []);
  assert.equal(findBreaches('GET', '/me', 200, { user: 'ann', role: 'engineer' }).length, 1, 'a missing member');
  assert.equal(findBreaches('GET', '/me', 200, { user: 'ann', name: 'Ann', role: 'king' }).length, 1, 'a value outside of its set');
  assert.equal(findBreaches('GET', '/nothing', 200, {}).length, 1, 'a path that is not there');
  assert.equal(findBreaches('GET', '/devices', 404, { status: 404 }).length, 2, 'a problem without code and detail');
});

async function sources(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  const nested = await Promise.all(entries.map((e) => (e.isDirectory() ? sources(join(folder, e.name)) : [join(folder, e.name)])));
  return nested.flat().filter((path) => /\.tsx?$/.test(path));
}

test('every word is said somewhere', async () => {
  const keys = [];
  let code = '';
  for (const path of await sources(SOURCE)) {
    const text = await readFile(path, 'utf8');
    if (/words\/(\w+_)?en\.ts$/.test(path)) keys.push(...[...text.matchAll(/^ {2}'([\w.]+)':/gm)].map((m) => m[1]));
    else if (!path.includes('/words/')) code += text;
  }
  const families = [...code.matchAll(/`([a-z]+[\w.]*[._])\$\{/g)].map((m) => m[1]); // t(`state.${state}`), t(`files.end.${end}`)
  const unsaid = keys.filter((key) => !families.some((family) => key.startsWith(family)) && !code.includes(`'${key}'`));
  assert.ok(keys.length > 200);
  assert.deepEqual(unsaid, []);
});

test(
  'the first page is small',
  withConsole({}, async ({ fake, page }) => {
    const sizes = new Map();
    page.on('response', async (response) => {
      const { pathname } = new URL(response.url());
      if (/\.(js|css)$/.test(pathname)) sizes.set(pathname, (await readFile(join(BUILD, `${pathname}.gz`))).length);
    });
    await page.goto(fake.url);
    await says(page, 'Drum bearing is wearing');
    await page.waitForLoadState('networkidle');
    const total = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
    assert.ok(sizes.size > 0);
    assert.ok(total < FIRST_LOAD_BYTES, `${total} bytes: ${JSON.stringify([...sizes])}`);
    assert.ok(
      ![...sizes.keys()].some((path) => /session|replay|device|ticket-/.test(path)),
      'terminal, player and charts come when they are needed',
    );
  }),
);

test('the build is what the gateway can serve', async () => {
  const page = await readFile(join(BUILD, 'index.html'), 'utf8');
  assert.ok(!/<style|style=|<script(?![^>]*src=)|onload=|https?:/.test(page), 'no inline code, no inline style, nothing from elsewhere');
  for (const name of await readdir(join(BUILD, 'assets'))) {
    if (name.endsWith('.gz')) continue;
    assert.match(name, /^[\w-]+-[A-Z0-9]{8}\.(js|css)$/, 'a name that changes with the content');
    const zipped = join(BUILD, 'assets', `${name}.gz`);
    assert.ok(existsSync(zipped), `${name} is there compressed`);
    assert.deepEqual(gunzipSync(await readFile(zipped)), await readFile(join(BUILD, 'assets', name)));
  }
  assert.match(await readFile(join(BUILD, 'licenses.txt'), 'utf8'), /preact [\s\S]+uplot /);
});
