// The demonstration as a user runs it, on its own folder: it must tell the truth about what it did, leave what can be looked
// at afterwards, and stop cleanly.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../deploy/demo/place.mjs';
import { run, waitFor } from '../../deploy/demo/process.mjs';

const FOLDER = join(ROOT, 'build/test/demo');

function startDemo(env) {
  const child = spawn(process.execPath, ['deploy/demo/demo.mjs'], {
    cwd: ROOT, env: { ...process.env, DEMO_FOLDER: FOLDER, DEMO_SECONDS: '', ...env }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  const demo = { child, text: '' };
  child.stdout.on('data', (chunk) => { demo.text += chunk; });
  child.stderr.on('data', (chunk) => { demo.text += chunk; });
  demo.ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  return demo;
}

const sql = async (query) => JSON.parse((await run('sqlite3', ['-json', join(FOLDER, 'gateway/gateway.db'), query])).stdout || '[]');

async function nothingRuns() {
  const left = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const isOurs = command.includes(FOLDER) || (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).includes(`DEMO_FOLDER=${FOLDER}`);
    if (isOurs && Number(pid) !== process.pid) left.push(`${pid} ${command.replaceAll('\0', ' ')}`);
  }
  assert.deepEqual(left, []);
}

test('it drives itself through the whole path, and its summary is true', async () => {
  const demo = startDemo({ DEMO_SECONDS: '70' });
  const status = await demo.ended;
  assert.equal(status, 0, demo.text);
  assert.ok(!/\n {2}NO {3}/.test(demo.text), demo.text);
  assert.match(demo.text, /yes {2}the record plays/);
  const counted = Object.fromEntries([...demo.text.matchAll(/^ {2}(\S.*?) {2,}(\d+)$/gm)].map(([, name, value]) => [name, Number(value)]));
  assert.equal(counted['products online'], 3);
  assert.equal(counted['messages in quarantine'], 0, JSON.stringify(await sql('SELECT device, reason FROM quarantine LIMIT 3')));
  assert.equal(counted['alarms raised'], (await sql('SELECT count(*) AS n FROM alarm'))[0].n);
  assert.equal(counted.tickets, (await sql('SELECT count(*) AS n FROM ticket'))[0].n);
  assert.equal(counted['sessions held'], 2);
  assert.equal(counted['sessions refused'], 1);
  assert.equal(counted['service reports'], (await sql('SELECT count(*) AS n FROM report'))[0].n);
  assert.ok(counted['samples stored'] > 500);
  await nothingRuns();
});

test('the records it left verify by themselves', async () => {
  const folder = join(FOLDER, 'gateway/transcripts');
  const casts = (await readdir(folder)).filter((name) => name.endsWith('.cast'));
  assert.equal(casts.length, 2);
  for (const cast of casts) {
    const { stdout } = await run(join(ROOT, 'build/release/fieldline-gateway'), ['transcript', 'verify', join(folder, cast), '--config', join(FOLDER, 'gateway.conf')]);
    assert.match(stdout, /countersigned/);
  }
});

test('Ctrl-C stops all of it cleanly', async () => {
  const demo = startDemo({});
  await waitFor('the demonstration to run', () => /Fieldline runs/.test(demo.text), { seconds: 40, seen: () => demo.text });
  demo.child.kill('SIGINT');
  assert.equal(await demo.ended, 0, demo.text);
  await nothingRuns();
});

test('nonsense in DEMO_SECONDS is refused', async () => {
  const demo = startDemo({ DEMO_SECONDS: 'soon' });
  assert.equal(await demo.ended, 2);
  assert.match(demo.text, /DEMO_SECONDS is 'soon'/);
});
