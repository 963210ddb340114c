// Who may include whom. The stages of the gateway stand in the order of the data and know only what comes before; each
// third-party library is included by one place, which turns its types and errors into ours.
import assert from 'node:assert/strict';
import { access, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { ROOT, files, includes } from './source.mjs';

const STAGES = ['ingest', 'normalize', 'rules', 'tickets', 'sessions', 'store', 'web'];
// A product pack says what a sample is; so the normaliser knows packs, the first file of the stage after it.
const EXCEPTIONS = [['normalize', 'rules']];

const LIBRARIES = [
  // header, what may include it
  [/^sqlite3\.h$/, /^gateway\/store\//],
  [/^libpq/, /^gateway\/store\//],
  [/^libwebsockets\.h$/, /^(gateway\/web|agent\/session)\//],
  [/^MQTT(Async|Client|Properties|ReasonCodes)\.h$/, /^(gateway\/ingest|agent)\/mqtt\.c$/],
  [/^protobuf-c\//, /^$/], // only what protoc-c makes of gateway/ingest/adapters/sparkplug_b.proto
  [/^yaml\.h$/, /^gateway\/rules\//],
  [/^pcre2\.h$/, /^gateway\/(rules\/logs\/pattern|sessions\/mask)\.c$/], // one asks whether, the other where
  [/^archive(_entry)?\.h$/, /^gateway\/sessions\/zip\.c$/],
  [/^sodium\.h$/, /^gateway\/web\//],
  [/^c[jJ][sS][oO][nN]\/cJSON\.h$/, /^include\/src\//],
  [/^ini\.h$/, /^include\/src\//],
  [/^zlib\.h$/, /^agent\/session\/tarball\.c$/],
  [/^openssl\//, /^(include\/src\/|gateway\/web\/|agent\/session\/|agent\/certificate\.c$|gateway\/tool_tls\.c$)/],
  [/^(criterion|mosquitto|json-c|jansson)/, /^$/],
];

const where = ({ path, line, name }) => `${path}:${line}: ${name}`;

test('a stage includes only itself and earlier stages', async () => {
  const wrong = [];
  for (const include of await includes(...STAGES.map((stage) => `gateway/${stage}`))) {
    const own = include.path.split('/')[1];
    const other = include.isSystem ? undefined : include.name.split('/')[0];
    if (!STAGES.includes(other) || STAGES.indexOf(other) <= STAGES.indexOf(own)) continue;
    if (!EXCEPTIONS.some(([from, to]) => from === own && to === other)) wrong.push(where(include));
  }
  assert.deepEqual(wrong, []);
});

test('a stage knows nothing of the pipeline that calls it', async () => {
  const core = (await readdir(join(ROOT, 'gateway'))).filter((name) => name.endsWith('.h'));
  const all = await includes(...STAGES.map((stage) => `gateway/${stage}`));
  const shadows = new Set((await files('gateway', /\.h$/)).filter((path) => path.split('/').length > 2).map((path) => path.split('/').pop()));
  const wrong = all.filter(({ isSystem, name }) => !isSystem && core.includes(name) && !shadows.has(name));
  assert.deepEqual(wrong.map(where), []);
});

test('gateway, agent and shared library keep apart', async () => {
  const top = new Map();
  for (const folder of ['gateway', 'agent']) {
    for (const path of await files(folder, /\.h$/)) top.set(path.slice(folder.length + 1), folder);
  }
  const wrong = [];
  for (const include of await includes('include', 'gateway', 'agent')) {
    const own = include.path.split('/')[0];
    const other = top.get(include.name);
    const isBeside = await exists(join(ROOT, dirname(include.path), include.name));
    if (include.isSystem || isBeside || !other || other === own) continue;
    wrong.push(where(include));
  }
  assert.deepEqual(wrong, []);
});

test('the session process takes nothing from the resident agent but its own folder', async () => {
  const resident = (await includes('agent')).filter(({ path }) => !path.startsWith('agent/session/'));
  assert.deepEqual(resident.filter(({ name }) => name.startsWith('session/')).map(where), []);
});

test('each third-party library is included by one place', async () => {
  const wrong = [];
  for (const include of await includes('include', 'gateway', 'agent')) {
    if (!include.isSystem) continue;
    for (const [header, place] of LIBRARIES) {
      if (header.test(include.name) && !place.test(include.path)) wrong.push(where(include));
    }
  }
  assert.deepEqual(wrong, []);
});

test('no header of ours has the name of a system header', async () => {
  const ours = [...(await files('include', /\.h$/)), ...(await files('gateway', /\.h$/)), ...(await files('agent', /\.h$/))];
  const wrong = [];
  for (const path of ours) {
    const name = path.split('/').pop();
    for (const folder of ['/usr/include', '/usr/include/x86_64-linux-gnu', '/usr/include/aarch64-linux-gnu']) {
      if (await exists(join(folder, name))) wrong.push(`${path} hides ${folder}/${name} from <${name}>`);
    }
  }
  assert.deepEqual(wrong.filter((text) => !reachedOnlyByFolder(text)), []);
});

// -iquote folders are searched for "name" only, so a header is no trap unless it stands at the top of one of them.
function reachedOnlyByFolder(text) {
  const path = text.split(' ')[0];
  return path.split('/').length > 2;
}

// Or a private header of its folder, which includes it.
test('every .c includes its own header first', async () => {
  const all = await includes('include', 'gateway', 'agent');
  const lastName = (name) => name?.split('/').pop();
  const wrong = [];
  for (const path of [...(await files('gateway', /\.c$/)), ...(await files('agent', /\.c$/))]) {
    const own = path.replace(/\.c$/, '.h');
    if (!(await exists(join(ROOT, own)))) continue;
    const first = lastName(all.find((include) => include.path === path)?.name);
    const beside = all.filter((include) => include.path === join(dirname(path), String(first)));
    if (first === lastName(own) || beside.some(({ name }) => lastName(name) === lastName(own))) continue;
    wrong.push(`${path} begins with ${first}`);
  }
  assert.deepEqual(wrong, []);
});

async function exists(path) {
  return access(path).then(() => true, () => false);
}
