// What somebody sees who watches the gateway: its figures, its health, what it tells the service manager, its log.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { run } from '../../deploy/demo/process.mjs';
import { parseExposition, valueOf } from './exposition.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const stack = await TestStack.start('operation', { gateway: { settings: { gateway: { log_format: 'json' } } } });

const raw = async (path) => {
  const client = await stack.gateway.client();
  try {
    return await client.raw('GET', path);
  } finally {
    client.close();
  }
};
const metricsText = async () => (await raw('/metrics')).body.toString();
const metrics = async () => parseExposition(await metricsText());
const health = async (query = '') => {
  const { status, body } = await raw(`/healthz${query}`);
  const answer = JSON.parse(body.toString());
  return { ...answer, http: status, ids: (answer.reasons ?? []).map(({ id }) => id) };
};
const untilHealth = (status, ids) => waitFor(`/healthz to answer ${status} ${ids}`, async () => {
  const now = await health();
  return now.http === status && now.ids.join() === ids && now;
}, { seconds: 20 * SLOW, seen: async () => JSON.stringify(await health()) });

test('everything that happens to messages is in the figures, with its duration', stack.guard(async () => {
  const device = await stack.wireDevice('watched-1');
  await device.drained(20 * SLOW);
  for (let i = 0; i < 200; i++) device.tele([['level', Date.now() - 200_000 + i * 1000, i]]);
  device.fault('T02', true);
  device.fault('T02', false);
  await device.drained(20 * SLOW);
  device.send('tele', '{"not": "senml"}');
  await device.drained(20 * SLOW);
  const now = await waitFor('the acknowledgements to be counted', async () => {
    const families = await metrics();
    return valueOf(families, 'fieldline_quarantined_total', { cause: 'telemetry' }) === 1 && families;
  }, { seconds: 10 * SLOW });
  const value = (name, labels) => valueOf(now, `fieldline_${name}`, labels);
  assert.equal(value('samples_total'), 200);
  assert.equal(value('commit_latency_seconds_count', { lane: 'bulk' }), 201, 'telemetry, the quarantined one too: its place is taken');
  assert.equal(value('commit_latency_seconds_count', { lane: 'urgent' }), 4, 'an introduction, a birth and two events');
  assert.equal(value('alarm_latency_seconds_count'), 2);
  assert.ok(value('alarm_latency_seconds_sum') > 0 && value('alarm_latency_seconds_sum') < 10 * SLOW);
  assert.equal(value('inbox_wait_seconds_count'), value('messages_total'));
  assert.equal(value('batch_messages_sum'), value('messages_total'));
  assert.ok(value('batch_messages_count') <= value('turns_total'));
  assert.equal(value('turn_seconds_count'), value('turns_total'));
  assert.ok(value('ack_delay_seconds_count') > 0 && value('ack_delay_seconds_count') <= value('acks_sent_total'));
  assert.ok(value('journal_rows') <= 200);
  assert.equal(value('messages_dropped_total', { reason: 'inbox_full' }), 0);
  assert.ok(value('store_file_bytes') > 0 && value('disk_free_bytes') > 0);
  assert.equal(value('build_info', { version: '0.1.0' }), 1);
  assert.ok(valueOf(now, 'process_resident_memory_bytes') > 1e6);
  assert.ok(value('web_request_seconds_count', { class: 'watch' }) > 0);
}));

test('no label grows with the fleet', stack.guard(async () => {
  const series = async () => [...(await metrics()).values()].reduce((sum, { samples }) => sum + samples.length, 0);
  const before = await series();
  const devices = await Promise.all(Array.from({ length: 5 }, (_, i) => stack.wireDevice(`labels-${i}`)));
  await Promise.all(devices.map((device) => device.drained(20 * SLOW)));
  assert.equal(await series(), before);
}));

test('promtool accepts the figures', async (t) => {
  const input = await metricsText();
  const found = await run('promtool', ['check', 'metrics'], { input, allowFailure: true }).catch(() => undefined);
  if (!found) return t.skip('no promtool here');
  assert.deepEqual({ code: found.code, text: found.stdout + found.stderr }, { code: 0, text: '' });
});

test('every figure is explained in the handbook, and no other', stack.guard(async () => {
  const text = await readFile(stack.place.source('deploy/README.md'), 'utf8');
  const table = text.slice(text.indexOf('<!-- figures -->'), text.indexOf('<!-- /figures -->'));
  const explained = [...table.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`(\w+)(?:\{[^`]*)?`/g)].map(([, name]) => name));
  const printed = [...(await metrics()).keys()].map((name) => name.replace(/^fieldline_/, ''));
  assert.deepEqual([...explained].sort(), [...printed].sort());
}));

test('ready with a broker and a store, live without', stack.guard(async () => {
  const well = await untilHealth(200, '');
  assert.deepEqual([well.status, well.live, well.ready], ['ok', true, true]);
  assert.equal(well.checks.broker_connected, true);
  await stack.broker.process.kill();
  try {
    const alone = await untilHealth(503, 'broker_disconnected');
    assert.deepEqual([alone.live, alone.ready], [true, false]);
    assert.equal((await health('?probe=live')).http, 200);
    assert.equal((await health('?probe=maybe')).http, 400);
  } finally {
    await stack.broker.start();
  }
  await untilHealth(200, '');
}));

test('a store that cannot be written makes it unready, not dead, and it answers meanwhile', stack.guard(async () => {
  const holder = spawn('sqlite3', [`${stack.gateway.dataDir}/gateway.db`], { stdio: ['pipe', 'ignore', 'inherit'] });
  holder.stdin.write('.timeout 10000\nBEGIN IMMEDIATE;\n');
  try {
    const failing = await untilHealth(503, 'store_failed');
    assert.equal(failing.live, true);
    assert.equal(failing.checks.store_writable, false);
    const began = performance.now();
    assert.equal((await health('?probe=live')).http, 200);
    assert.ok(performance.now() - began < 3000 * SLOW, 'it waits for nobody');
  } finally {
    holder.stdin.end('ROLLBACK;\n');
    await new Promise((done) => holder.once('exit', done));
  }
  const well = await untilHealth(200, '');
  assert.ok(well.checks.turn_failed_age_ms >= 0);
  const now = await metrics();
  assert.ok(valueOf(now, 'fieldline_turns_failed_total') > 0);
}));

test('a storm of bad messages writes few lines, and says how many it did not write', stack.guard(async () => {
  const device = await stack.wireDevice('storm-1');
  await device.drained(20 * SLOW);
  const before = valueOf(await metrics(), 'fieldline_quarantined_total', { cause: 'telemetry' });
  const MANY = 3000;
  for (let i = 0; i < MANY; i++) device.send('tele', `{"bad":${i}}`);
  await device.drained(60 * SLOW);
  assert.equal(valueOf(await metrics(), 'fieldline_quarantined_total', { cause: 'telemetry' }) - before, MANY);
  const lines = async () => (await readFile(stack.gateway.process.log, 'utf8')).split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
    .filter(({ area, id }) => area === 'gateway.pipeline' && id === 'quarantined');
  const told = await waitFor('the suppressed ones to be told', async () => {
    const all = await lines();
    const suppressed = all.reduce((sum, line) => sum + Number(line.suppressed ?? 0), 0);
    const written = all.filter(({ reason }) => reason !== undefined).length;
    return written + suppressed >= MANY + before && { suppressed, written };
  }, { seconds: 15 * SLOW });
  assert.equal(told.written + told.suppressed, MANY + before, JSON.stringify(told));
  assert.ok(told.written < 1000 * SLOW, `${told.written} lines`);
}));

test('the service manager is told: ready, status, fed by the turns, stopping', stack.guard(async (t) => {
  await stack.gateway.process.stop(20);
  const socket = stack.place.path('notify.sock');
  t.after(() => manager.kill());
  const manager = spawn(stack.place.program('fake-manager'), [socket], { stdio: ['pipe', 'pipe', 'inherit'] });
  let heard = '';
  manager.stdout.on('data', (chunk) => { heard += chunk; });
  const messages = () => heard.split('\n').slice(0, -1).map((line) => ({ ms: Number(line.split(' ')[0]), text: line.slice(line.indexOf(' ') + 1) }));
  const times = (text) => messages().filter((message) => message.text.startsWith(text)).map(({ ms }) => ms);
  await waitFor('the manager to listen', () => times('listening').length === 1);
  stack.gateway.env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '4000000' };
  await stack.gateway.start();
  await waitFor('six meals', () => times('WATCHDOG=1').length >= 6, { seconds: 30 * SLOW });
  await waitFor('a status', () => times('STATUS=connected').length >= 1, { seconds: 20 * SLOW, seen: () => heard });
  assert.equal(times('READY=1').length, 1);
  const meals = times('WATCHDOG=1').filter((ms) => ms >= times('READY=1')[0]);
  const gaps = meals.slice(1).map((ms, i) => ms - meals[i]);
  assert.ok(Math.max(...gaps) < 4000, `a gap of ${Math.max(...gaps)} ms: systemd would have killed it`);
  assert.ok(Math.min(...gaps) > 500, `fed after ${Math.min(...gaps)} ms: more often than there is a reason for`);
  await stack.gateway.process.stop(20);
  await waitFor('the end to be told', () => times('STOPPING=1').length === 1);
  manager.stdin.end();
  await new Promise((done) => manager.once('exit', done));
  stack.gateway.env = undefined;
  await stack.gateway.start();
}));
