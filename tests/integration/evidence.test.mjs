// Pre-trigger evidence: an alarm opens a ticket, and what its product measured around that moment is there at full rate,
// whoever is killed on the way. The product is a real agent where rates and kills matter, and a device that speaks the wire
// itself where an exact moment between two parts matters.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Client } from '../../deploy/demo/client.mjs';
import { Firmware } from './firmware.mjs';
import { RecordingDevice, blockOf } from './recording_device.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const AFTER_MS = 2000;
const FLUSH_MS = 1000; // of the agent: what telemetry can see
const EVERY_MS = 20; // of the firmware: what the recorder sees

/** The flow tests' packs, with a stretch that a test can wait for. */
async function shortPacks() {
  const folder = await mkdtemp(join(tmpdir(), 'fl-packs-'));
  after(() => rm(folder, { recursive: true, force: true }));
  await cp(new URL('packs', import.meta.url), folder, { recursive: true });
  const path = join(folder, 'test-product', 'pack.yaml');
  await writeFile(path, `${await readFile(path, 'utf8')}\nevidence:\n  before: 20s\n  after: ${AFTER_MS / 1000}s\n`);
  return folder;
}

const stack = await TestStack.start('evidence', { gateway: { rules: await shortPacks() } });
const support = await stack.as('support');

const ticketOf = (id) => waitFor(`a ticket of ${id}`, async () => (await support.get(`/tickets?device=${id}`)).items[0], { seconds: 20 * SLOW });
const evidenceOf = async (ticket) => (await support.get(`/tickets/${ticket.id}/evidence`)).items;
const finished = (ticket) => waitFor(
  'the evidence to be finished',
  async () => (await evidenceOf(ticket)).find(({ state }) => state !== 'asked' && state !== 'arriving'),
  { seconds: 60 * SLOW, seen: () => evidenceOf(ticket) },
);

/** Counts up every EVERY_MS: whole numbers, so that a hole shows. */
function count(firmware) {
  let n = 0;
  const timer = setInterval(() => {
    if (n % 10 === 0) firmware.statsd('other:0|g\nother:-5|g'); // how statsd says -5
    firmware.gauge('level', n++);
  }, EVERY_MS);
  return { stop: () => clearInterval(timer), get sent() { return n; } };
}
const agentOptions = { agent: { statsd: { flush: `${FLUSH_MS}ms` } } };

test('an alarm brings what was measured before and after it, at full rate', stack.guard(async () => {
  const firmware = await Firmware.on(stack, 'fine-1', agentOptions);
  const feeding = count(firmware);
  try {
    await waitFor('four seconds of samples', () => feeding.sent > 4000 / EVERY_MS);
    firmware.log(4, 'pump', 'pressure drops');
    firmware.fault('T01', 'set', 'pump blocked');
    const ticket = await ticketOf('fine-1');
    const row = await finished(ticket);
    assert.equal(row.state, 'complete', row.why);
    assert.equal(row.alarm, 'T01');
    assert.ok(row.first_ms < row.raised_ms - 2500, 'it begins well before the raise');
    assert.ok(row.last_ms > row.raised_ms + AFTER_MS / 2, 'and ends after it');
    assert.deepEqual(row.series.map(({ metric }) => metric).sort(), ['level', 'other']);

    const whole = await support.get(`/evidence/${row.id}`);
    const [level, other] = ['level', 'other'].map((name) => whole.series.find(({ metric }) => metric === name));
    assert.ok(other.v.length > 20 && other.v.every((value) => value === -5), 'a gauge below zero was never zero');
    assert.equal(level.unit, 'm');
    assert.equal(level.t.length + other.t.length, row.samples);
    for (let i = 1; i < level.v.length; i++) assert.equal(level.v[i], level.v[i - 1] + 1, `sample ${i}: one for each datagram`);
    assert.ok(whole.logs.some(({ text }) => text === 'pressure drops'));
    const seconds = (row.last_ms - row.first_ms) / 1000;
    const history = await support.get(`/devices/fine-1/history?metric=level&from_ms=${row.first_ms}&to_ms=${row.last_ms}&points=4000`);
    console.log(`evidence_samples_per_s ${(row.samples / seconds).toFixed(1)}, telemetry ${(history.t.length / seconds).toFixed(1)}, ${(row.bytes / row.samples).toFixed(1)} bytes a sample`);
    assert.ok(level.t.length > 10 * history.t.length, `${row.samples} samples, ${history.t.length} in the history`);

    const csv = await support.raw('GET', `/api/v1/evidence/${row.id}/csv`);
    const lines = csv.body.toString().trim().split('\r\n');
    assert.match(csv.headers['content-type'], /^text\/csv/);
    assert.equal(lines.length, row.samples + 1);
    assert.ok(lines.some((line) => line.endsWith(`,${level.t[0]},level,,${level.v[0]}`)));

    const { events } = await support.get(`/tickets/${ticket.id}`);
    const notes = events.filter(({ kind }) => kind === 'evidence');
    assert.equal(notes.length, 1);
    assert.match(notes[0].text, /^evidence attached: \d+ s, 2 metrics, [\d,]+ samples$/);
    assert.deepEqual([notes[0].data.evidence, notes[0].data.samples], [row.id, row.samples]);

    firmware.fault('T02', 'set', 'another fault, in the same minute');
    await waitFor('its ticket', async () => (await support.get('/alarms?device=fine-1')).items.some(({ alarm, ticket: its }) => alarm === 'T02' && its));
    assert.equal(await stack.count("SELECT count(*) FROM evidence e JOIN device d ON d.id = e.device WHERE d.device = 'fine-1'"), 1, 'one a minute');
  } finally {
    feeding.stop();
  }
}));

test('an agent that is killed while it holds its recorder gives what it has recorded since', stack.guard(async () => {
  const firmware = await Firmware.on(stack, 'killed-1', agentOptions);
  const feeding = count(firmware);
  try {
    await waitFor('a second of samples', () => feeding.sent > 1000 / EVERY_MS);
    firmware.fault('T01', 'set');
    const ticket = await ticketOf('killed-1');
    await waitFor('it to be asked', async () => (await evidenceOf(ticket)).length === 1);
    await firmware.product.process.kill();
    const killed = Date.now();
    await firmware.product.startAgent();
    const row = await finished(ticket);
    assert.equal(row.state, 'complete', row.why);
    assert.ok(row.first_ms > killed, 'nothing of before the kill: it was in memory');
    const { events } = await support.get(`/tickets/${ticket.id}`);
    assert.equal(events.filter(({ kind }) => kind === 'evidence').length, 1);
  } finally {
    feeding.stop();
  }
}));

test('a gateway that is killed while a real product holds its recorder gets all of it', stack.guard(async () => {
  const firmware = await Firmware.on(stack, 'steady-1', agentOptions);
  const feeding = count(firmware);
  try {
    await waitFor('two seconds of samples', () => feeding.sent > 2000 / EVERY_MS);
    firmware.fault('T01', 'set');
    const ticket = await ticketOf('steady-1');
    await stack.restartGateway();
    const row = await finished(ticket);
    assert.equal(row.state, 'complete', row.why);
    assert.ok(row.first_ms < row.raised_ms - 1000 && row.last_ms > row.raised_ms, 'before and after the raise');
  } finally {
    feeding.stop();
  }
}));

/** A device with a fault, and the first pull that came for it. */
async function pulled(id) {
  const device = await stack.wireDevice(id, { as: RecordingDevice });
  await device.drained(20 * SLOW);
  device.fault('T01', true);
  const ticket = await ticketOf(id);
  const first = await waitFor('the first pull', () => device.pulls[0], { seconds: 20 * SLOW });
  return { device, ticket, first };
}
const nextPull = (device, n) => waitFor(`pull ${n}`, () => device.pulls[n], { seconds: 30 * SLOW });

test('a gateway that is killed between two parts asks for the next one and doubles nothing', stack.guard(async () => {
  const { device, ticket, first } = await pulled('wire-2');
  const at = first.args.from;
  assert.deepEqual([first.args.at, first.args.recorder, first.args.to - first.args.from], [0, '', 20000 + AFTER_MS]);
  device.part(first, { next: 65540, block: blockOf('level', [[at, 1], [at + 10, 2]]) });
  const second = await nextPull(device, 1);
  assert.deepEqual([second.args.at, second.args.recorder, second.args.evidence], [65540, device.recorder, first.args.evidence]);
  device.part(first, { next: 65540, block: blockOf('level', [[at, 1], [at + 10, 2]]) }); // a reply that comes twice
  await stack.restartGateway();
  const seen = device.commands.length;
  await waitFor('the second pull to come again', () => device.commands.slice(seen).some(({ id }) => id === second.id), { seconds: 60 * SLOW });
  device.part(second, { block: blockOf('other', [[at + 20, 3]]) });
  const row = await finished(ticket);
  assert.equal(row.state, 'complete', row.why);
  const whole = await support.get(`/evidence/${row.id}`);
  assert.deepEqual(whole.series.map(({ metric, unit, t, v }) => [metric, unit, t, v]), [
    ['level', 'm', [at, at + 10], [1, 2]],
    ['other', 'Cel', [at + 20], [3]],
  ]);
}));

test('what came before a product lost its recorder stays, and says that it is not all', stack.guard(async () => {
  const { device, ticket, first } = await pulled('wire-3');
  device.part(first, { next: 65540, block: blockOf('level', [[first.args.from, 1], [first.args.from + 9000, 2]]) });
  device.refuse(await nextPull(device, 1), 'not_found', 'the agent was restarted: what it had recorded is gone');
  const row = await finished(ticket);
  assert.deepEqual([row.state, row.samples], ['partial', 2]);
  const { events } = await support.get(`/tickets/${ticket.id}`);
  assert.equal(events.find(({ kind }) => kind === 'evidence').text, 'evidence attached: 9 s, 1 metric, 2 samples; incomplete: the agent was restarted: what it had recorded is gone');
}));

const refusals = [
  { what: 'a block that does not read', members: { block: Buffer.from([1, 2, 3]) }, why: /cannot be used: byte 1: / },
  { what: 'a block of another version', members: { block: Buffer.from([9]) }, why: /version 9/ },
  { what: 'another evidence', members: { block: blockOf('level', [[1, 1]]), evidence: '11111111-2222-4333-8444-555555555555' }, why: /of another evidence/ },
  { what: 'nothing of that time', members: { block: Buffer.from([1]), held_from: 1000, held_to: 61000 }, why: /nothing of that time, but 1970-01-01T00:00:01.*1970-01-01T00:01:01/ },
  { what: 'an empty recorder', members: { block: Buffer.from([1]), held_from: 0, held_to: 0 }, why: /holds nothing$/ },
];
refusals.forEach(({ what, members, why }, i) => {
  test(`${what}: no evidence, a reason, and no line in the ticket`, stack.guard(async () => {
    const { device, ticket, first } = await pulled(`bad-${i}x`);
    device.part(first, members);
    const row = await finished(ticket);
    assert.equal(row.state, 'failed');
    assert.match(row.why, why);
    assert.deepEqual((await support.get(`/tickets/${ticket.id}`)).events.filter(({ kind }) => kind === 'evidence'), []);
  }));
});

test('a stored part that was damaged is counted, the others are shown', stack.guard(async () => {
  const { device, ticket, first } = await pulled('wire-4');
  device.part(first, { next: 65540, block: blockOf('level', [[first.args.from, 1]]) });
  device.part(await nextPull(device, 1), { block: blockOf('level', [[first.args.from + 1, 2]]) });
  const { id } = await finished(ticket);
  await stack.rows(`UPDATE evidence_part SET bytes = bytes || x'00' WHERE evidence = ${id} AND part = 0`);
  const whole = await support.get(`/evidence/${id}`);
  assert.deepEqual([whole.damaged, whole.series[0].v], [1, [2]]);
}));

test('nobody is asked who does not offer it, has turned it off, or tells of long ago', stack.guard(async () => {
  const asked = await stack.gateway.figure('evidence_asked_total');
  const plain = await stack.wireDevice('plain-1');
  await plain.drained(20 * SLOW);
  plain.fault('T01', true);
  await ticketOf('plain-1');

  const past = await stack.wireDevice('past-1', { as: RecordingDevice });
  await past.drained(20 * SLOW);
  past.send('event', { t: Date.now() - 3600e3, kind: 'fault', code: 'T01', active: true, severity: 3, text: 'an hour ago' });
  await waitFor('its alarm', async () => (await support.get('/alarms?device=past-1')).items[0], { seconds: 20 * SLOW });

  const closed = await Firmware.on(stack, 'closed-1', { agent: { ...agentOptions.agent, evidence: { enabled: 'no' } } });
  closed.fault('T01', 'set');
  await ticketOf('closed-1');

  assert.equal(await stack.gateway.figure('evidence_asked_total'), asked);
  assert.deepEqual(plain.commands.filter(({ verb }) => verb.startsWith('evidence')), []);
}));

test('evidence that is not there is 404, and nobody reads it without a login', stack.guard(async () => {
  await assert.rejects(support.get('/evidence/999999'), (problem) => problem.status === 404);
  await assert.rejects(support.get('/tickets/999999/evidence'), (problem) => problem.status === 404);
  const stranger = new Client(support.origin, support.ca);
  await assert.rejects(stranger.get('/evidence/1'), (problem) => problem.status === 401);
  stranger.close();
}));
