// Checks with arguments, told while they run, cancelled and bundled; and live values as somebody wants to see them. The real
// broker, gateway, agent and session process.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { FileStreams, sha256 } from './file_streams.mjs';
import { Firmware } from './firmware.mjs';
import { ask, openTicket, waitReport, waitState } from './service.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const stack = await TestStack.start('checks');
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const firmware = await Firmware.on(stack, 'product-1', {
  owner: 'hook',
  model: 'field-product',
  agent: {
    session: { capabilities: 'observe,diagnose', observe_min_interval: '200ms' },
    statsd: { flush: '1h' },
    host: { enabled: 'yes', interval: '1h' },
    'diagnostic reach': { command: '/bin/echo {count} times to {host}', args: 'host:hostname, count:int(1..10)=3', title: 'Reach a host' },
    'diagnostic steps': { command: `/bin/sh -c 'for i in 1 2 3; do echo step $i; sleep 0.5; done'`, bundle: 'yes' },
    'diagnostic forever': { command: `/bin/sh -c 'echo begun; sleep 3599'`, time_limit: '1m' },
    'diagnostic loud': { command: `/bin/sh -c 'yes "a line of a check that says a lot" | head -c 400000'`, bundle: 'yes' },
  },
});
const { product } = firmware;
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);

async function enter(capabilities) {
  const asked = await ask(engineer, ticket, capabilities);
  await waitState(engineer, asked.id, ['live']);
  const session = await ConsoleSession.join(engineer, asked.id);
  await waitFor('the session to be live', () => session.of('session.state').some(({ state }) => state === 'live'), { seconds: 10 * SLOW });
  return { id: asked.id, session };
}

async function leave(id) {
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
  const verdict = await stack.gateway.verify(`${stack.gateway.dataDir}/transcripts/${id}.cast`, '--key', `${stack.gateway.dataDir}/seal.pub`, '--ca', stack.pki.path('ca.crt'));
  assert.ok(verdict.ok, verdict.text);
}

test('a check takes arguments of its types and nothing else', stack.guard(async () => {
  const { id, session } = await enter(['diagnose']);
  const { diagnostics } = await session.call('diagnose.list', {});
  assert.deepEqual(diagnostics.find(({ name }) => name === 'reach'), {
    name: 'reach', title: 'Reach a host', in_bundle: false,
    args: [{ name: 'host', type: 'hostname' }, { name: 'count', type: 'int', least: 1, most: 10, initial: '3' }],
  });
  assert.equal((await session.call('diagnose.run', { name: 'reach', args: { host: 'pump.example' } })).output, '3 times to pump.example\n');
  assert.equal((await session.call('diagnose.run', { name: 'reach', args: { host: '10.0.0.1', count: 1 } })).output, '1 times to 10.0.0.1\n');
  const refused = [{}, { host: '-f' }, { host: 'a b' }, { host: '$(id)' }, { host: 'a;id' }, { host: 'a', count: 11 }, { host: 'a', more: 1 }, { host: ['a'] }];
  for (const args of refused) await assert.rejects(session.call('diagnose.run', { name: 'reach', args }), /argument/, JSON.stringify(args));
  await leave(id);
}));

test('what a check prints is told while it runs; a long one is cancelled', stack.guard(async () => {
  const { id, session } = await enter(['diagnose']);
  const seen = [];
  const running = session.call('diagnose.run', { name: 'steps', run: 1 });
  running.then(() => seen.push('answer'));
  await waitFor('the first step', () => session.of('diagnose.output').some(({ text }) => /step 1/.test(text)), { seconds: 10 * SLOW, every: 20 });
  assert.deepEqual(seen, [], 'it still runs');
  const done = await running;
  assert.deepEqual([done.exit, done.truncated, done.cancelled, done.output], [0, false, false, 'step 1\nstep 2\nstep 3\n']);

  const forever = session.call('diagnose.run', { name: 'forever', run: 2 });
  await waitFor('it to begin', () => session.of('diagnose.output').some(({ text }) => /begun/.test(text)), { seconds: 10 * SLOW, every: 20 });
  await session.call('diagnose.cancel', { run: 2 });
  const ended = await forever;
  assert.deepEqual([ended.exit, ended.cancelled], [137, true]);
  await assert.rejects(session.call('diagnose.cancel', { run: 2 }), /no run/);

  const loud = await session.call('diagnose.run', { name: 'loud' });
  assert.equal(loud.truncated, true);
  assert.equal(loud.output.length, 256 * 1024);
  await leave(id);
}));

test('the bundle is an archive of what the marked checks print, with a manifest', stack.guard(async () => {
  const { id, session } = await enter(['diagnose']);
  const files = new FileStreams(session);
  const bundle = await files.take('diagnose.bundle', {});
  assert.equal(bundle.reason, 'done');
  assert.equal(bundle.size, bundle.bytes.length);
  assert.equal(bundle.sha256, sha256(bundle.bytes));
  const folder = stack.place.path('bundle');
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/b.tar.gz`, bundle.bytes);
  const tar = spawnSync('tar', ['-xzf', 'b.tar.gz'], { cwd: folder, encoding: 'utf8' });
  assert.equal(tar.status, 0, tar.stderr);
  assert.equal(await readFile(`${folder}/steps.txt`, 'utf8'), 'step 1\nstep 2\nstep 3\n');
  const manifest = JSON.parse(await readFile(`${folder}/manifest.json`, 'utf8'));
  assert.equal(manifest.device, 'product-1');
  assert.deepEqual(manifest.results.map(({ name, exit }) => [name, exit === 0]), [['steps', true], ['loud', manifest.results[1].exit === 0]]);
  await leave(id);
  const record = await readFile(`${stack.gateway.dataDir}/transcripts/${id}.jsonl`, 'utf8');
  assert.ok(record.includes(bundle.sha256) && record.includes(bundle.name), 'the record has its name and sum');
}));

test('an observer chooses what he sees; the product hurries only while he looks', stack.guard(async () => {
  firmware.log(4, 'pump', 'ran dry before');
  firmware.log(6, 'pump', 'hums');
  await waitFor('the line to be recorded', async () => (await support.get('/devices/product-1/logs?limit=10')).items?.some(({ text }) => /ran dry before/.test(text)), { seconds: 20 * SLOW });
  const { id, session } = await enter(['observe']);
  const pieces = () => session.of('observe.sample').flatMap(({ values }) => Object.keys(values));
  assert.deepEqual(await session.call('observe.start', { interval_ms: 100, metrics: ['level'], log: { severity: 4, last: 10 } }), { interval_ms: 200 });
  await waitFor('the line from before', () => session.of('observe.log').some(({ msg }) => msg === 'ran dry before'), { seconds: 10 * SLOW });
  assert.ok(!session.of('observe.log').some(({ msg }) => msg === 'hums'));
  const feeding = setInterval(() => { firmware.gauge('level', 4711); firmware.gauge('other', 1); }, 20);
  try {
    await waitFor('live values', () => session.of('observe.sample').length >= 5, { seconds: 15 * SLOW });
  } finally {
    clearInterval(feeding);
  }
  assert.ok(pieces().every((name) => name === 'level'), 'nothing but what was asked for');
  const times = session.of('observe.sample').map(({ t }) => t);
  assert.ok(times.slice(1).every((t, i) => t - times[i] > 100), `no faster than 200 ms: ${times.map((t, i) => t - (times[i - 1] ?? t))}`);

  // Another wish: the machine itself, which is measured once an hour otherwise.
  await session.call('observe.start', { interval_ms: 200, metrics: ['cpu', 'load', 'memory'] });
  const before = session.of('observe.sample').length;
  await waitFor('the machine', () => session.of('observe.sample').length >= before + 5, { seconds: 15 * SLOW });
  await assert.rejects(session.call('observe.start', { interval_ms: 1 }), /interval_ms/);
  session.notify('observe.stop');
  await leave(id);
}));
