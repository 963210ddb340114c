// The broker as we deploy it (deploy/mosquitto/): what it refuses, what it bounds, and that it may forget everything. It is
// spoken to in bytes over TLS, because client libraries do not send what is tested here.
import assert from 'node:assert/strict';
import { readFile, readdir, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { checkWhole, settle } from './faults.mjs';
import { Firmware } from './firmware.mjs';
import { MODE, SLOW, TestStack, waitFor } from './stack.mjs';
import { shardOf } from './wire_device.mjs';

const PACKET_MOST = 131072; // max_packet_size
const INFLIGHT_MOST = 1000; // max_inflight_messages
const stack = await TestStack.start('broker');
const support = await stack.as('support');
const good = await stack.wireDevice('good-1');
await good.drained(20 * SLOW);
await stack.pki.device('odd-1');

/* ---- MQTT 5 in bytes --------------------------------------------------------------------------------------------------- */

const u16 = (n) => Buffer.from([n >> 8, n & 255]);
const text = (value) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([u16(bytes.length), bytes]);
};
function varint(n) {
  const out = [];
  do {
    out.push((n & 127) | (n > 127 ? 128 : 0));
    n >>= 7;
  } while (n > 0);
  return Buffer.from(out);
}
const packet = (type, ...parts) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([type]), varint(body.length), body]);
};
const CONNECT = packet(0x10, text('MQTT'), Buffer.from([5, 2]), u16(60), Buffer.from([0]), text('whoever'));
const publish = (topic, payload, { qos = 0, id = 1 } = {}) =>
  packet(0x30 | (qos << 1), Buffer.isBuffer(topic) ? Buffer.concat([u16(topic.length), topic]) : text(topic), qos ? u16(id) : Buffer.alloc(0), Buffer.from([0]), Buffer.from(payload));
const subscribe = (topic) => packet(0x82, u16(1), Buffer.from([0]), text(topic), Buffer.from([0]));

/** A connection with odd-1's certificate; `input`: all bytes that came; `isClosed`. */
async function dial() {
  const [ca, cert, key] = await Promise.all(['ca.crt', 'odd-1.crt', 'odd-1.key'].map((name) => stack.pki.read(name)));
  const socket = connect({ host: '127.0.0.1', servername: 'localhost', port: stack.broker.port, ca, cert, key });
  const line = { socket, input: Buffer.alloc(0), isClosed: false };
  socket.on('data', (data) => { line.input = Buffer.concat([line.input, data]); });
  socket.on('error', () => {});
  socket.unref();
  socket.on('close', () => { line.isClosed = true; });
  await waitFor('TLS', () => socket.authorized || line.isClosed, { seconds: 10 * SLOW, every: 5 });
  return line;
}
async function join() {
  const line = await dial();
  line.socket.write(CONNECT);
  await waitFor('the broker to take it in', () => line.input[0] === 0x20, { seconds: 10 * SLOW, every: 5, seen: () => line.input.toString('hex') });
  assert.equal(line.input[3], 0, 'reason code');
  return line;
}
const closed = (line) => waitFor('the broker to end the connection', () => line.isClosed, { seconds: 15 * SLOW, every: 10, seen: () => line.input.toString('hex').slice(0, 80) });
async function pssKib() {
  return Number(/^Pss:\s+(\d+)/m.exec(await readFile(`/proc/${stack.broker.process.pid}/smaps_rollup`, 'utf8'))[1]);
}
async function stillServes() {
  good.tele([['level', Date.now(), 1]]);
  await good.drained(10 * SLOW);
  assert.ok(stack.broker.process.isRunning);
}

const own = `fl/1/${shardOf('odd-1')}/odd-1`;
const others = `fl/1/${shardOf('good-1')}/good-1`;

for (const [what, ...bytes] of [
  ['a packet over the cap', publish(`${own}/up/tele`, Buffer.alloc(PACKET_MOST + 1))],
  ['a packet that claims 256 MB', Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])],
  ['a length that never ends', Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ['a packet type that is none', Buffer.from([0x00, 0x00])],
  ['a second CONNECT', CONNECT],
  ['a topic with a wildcard', publish(`${own}/up/#`, 'x')],
  ['a topic with a NUL', publish(Buffer.from(`${own}/up/te\0le`), 'x')],
  ['a topic that is no UTF-8', publish(Buffer.from([0x66, 0xff, 0xfe]), 'x')],
  ['a topic of 65,535 bytes', publish('a/'.repeat(32767) + 'a', 'x')],
  ['a topic of 300 levels', publish('a/'.repeat(299) + 'a', 'x')],
  ['a topic that is empty', publish('', 'x')],
]) {
  test(`promise_19_the broker ends the connection of who sends ${what}, or drops it`, stack.guard(async () => {
    const before = await stack.gateway.figure('messages_total');
    const line = await join();
    line.socket.write(Buffer.concat(bytes));
    line.socket.write(Buffer.from([0xc0, 0])); // PINGREQ: answered only by who still listens
    await waitFor('an end or an answer', () => line.isClosed || line.input.subarray(-2).equals(Buffer.from([0xd0, 0])), { seconds: 15 * SLOW, every: 10 });
    line.socket.destroy();
    await stillServes();
    const taken = (await stack.gateway.figure('messages_total')) - before;
    assert.ok(taken <= 2, `${taken} messages reached the gateway`); // good-1's own
  }));
}

test('promise_14_unfinished messages are bounded: the broker says how many and ends who sends more', stack.guard(async () => {
  const line = await join();
  for (let id = 1; id <= INFLIGHT_MOST + 50; id++) line.socket.write(publish(`${own}/up/tele`, Buffer.alloc(200, 0x20), { qos: 2, id }));
  await closed(line);
  await stillServes();
}));

test('nobody hears what is not for him, whatever he subscribes to', stack.guard(async () => {
  const line = await join();
  for (const topic of ['#', 'fl/#', '+/+/+/+/+/+', `${others}/down/#`, `${others}/up/#`, '$SYS/#', '$share/all/fl/#']) line.socket.write(subscribe(topic));
  line.socket.write(subscribe(`${own}/down/ack`));
  await waitFor('the broker to have answered', () => line.input.includes(Buffer.from([0x90])), { seconds: 10 * SLOW, every: 5 });
  const begun = line.input.length;
  await stillServes(); // good-1 sends and is acknowledged
  for (const topic of [`${others}/down/ack`, `${own}/down/ack`, `${others}/state`, 'elsewhere']) line.socket.write(publish(topic, 'forged'));
  await stillServes();
  const heard = line.input.subarray(begun).toString('latin1');
  for (const word of ['good-1', 'forged', 'elsewhere', '$SYS']) assert.ok(!heard.includes(word), `heard of ${word}`);
  assert.equal(good.takenBack, undefined);
  assert.equal((await support.get('/devices/good-1')).online, true);
  line.socket.destroy();
}));

test('promise_13_half_sent_packets do not pile up memory', stack.guard(async () => {
  const count = MODE === 'release' ? 300 : 60;
  const claim = PACKET_MOST - 1000;
  const before = await pssKib();
  const idle = Array.from({ length: count }, () => connectTcp({ host: '127.0.0.1', port: stack.broker.port }).on('error', () => {}));
  await waitFor('connections without TLS', () => idle.every((socket) => !socket.connecting), { seconds: 20 * SLOW });
  const withoutTls = await pssKib();
  const lines = [];
  for (let i = 0; i < count; i += 20) lines.push(...(await Promise.all(Array.from({ length: 20 }, dial))));
  const withTls = await pssKib();
  const half = Buffer.concat([Buffer.from([0x10]), varint(claim), text('MQTT'), Buffer.from([5, 2]), Buffer.alloc(2000, 0x61)]);
  for (const { socket } of lines) socket.write(half);
  await stillServes();
  const withHalves = await pssKib();
  for (const { socket } of lines) socket.write(Buffer.alloc(claim - 3000, 0x61)); // all but the end
  await stillServes();
  const withMost = await pssKib();
  const each = (from, to) => Math.round((to - from) / count);
  console.log(`broker memory, KiB for each of ${count} connections: TCP ${each(before, withoutTls)}, TLS ${each(withoutTls, withTls)}, half a CONNECT ${each(withTls, withHalves)}, all of ${claim} bytes but the end ${each(withHalves, withMost)}`);
  for (const socket of [...idle, ...lines.map((line) => line.socket)]) socket.destroy();
  assert.ok(each(before, withoutTls) <= 64, 'a connection that says nothing');
  assert.ok(each(withoutTls, withTls) <= 64, 'and one with TLS');
  assert.ok(each(withTls, withHalves) <= 64, 'what is not sent is not held');
  assert.ok(each(withHalves, withMost) <= PACKET_MOST / 1024 + 64, 'at most one packet');
  await stillServes();
}));

test('promise_10_the broker may forget everything: all come back by themselves and nothing is lost', stack.guard(async () => {
  const firmware = await Firmware.on(stack, 'machine-z', { agent: { batch: { max_wait: '50ms' } } });
  await firmware.product.waitOnline(support, 30 * SLOW);
  const devices = [good, await stack.wireDevice('good-2', { stallMs: 300 }), await stack.wireDevice('good-3', { stallMs: 300 })];
  const begun = Date.now() - 3600e3;
  let lines = 0;
  for (let round = 0; round < 4; round++) {
    for (let n = 0; n < 60; n++) for (const device of devices.slice(1)) device.tele([['level', begun + (round * 60 + n) * 1000, n]]);
    await firmware.journal(Array.from({ length: 20 }, () => `line ${lines++}`));
    await stack.broker.process.kill();
    const kept = await readdir(stack.place.path('broker'));
    assert.deepEqual(kept.filter((name) => !/\.(conf|log)$/.test(name)), [], 'it keeps nothing');
    await rm(stack.place.path('broker/mosquitto.db'), { force: true });
    await stack.broker.start();
  }
  await Promise.all(devices.map((device) => device.drained(60 * SLOW)));
  await waitFor('the lines of the agent', async () => (await stack.count("SELECT count(*) FROM log WHERE line LIKE 'line %'")) >= lines, { seconds: 60 * SLOW });
  for (const id of ['good-1', 'good-2', 'good-3', 'machine-z']) {
    await waitFor(`${id} to be online`, async () => (await support.get(`/devices/${id}`)).online, { seconds: 30 * SLOW });
  }
  assert.equal(await stack.count("SELECT count(DISTINCT line) FROM log WHERE line LIKE 'line %'"), lines);
  assert.equal(await stack.count("SELECT count(*) FROM log WHERE line LIKE 'line %'"), lines);
  await settle(stack, 'broker that forgets', devices, { restarts: 4, lines });
  await checkWhole(stack);
}));
