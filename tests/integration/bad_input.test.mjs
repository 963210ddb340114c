// What devices must not send: each is refused by the broker or put in quarantine with a reason that names what and where,
// counted, and nobody else is disturbed. A wire device of another MQTT library sends it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { Firmware } from './firmware.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';
import { WireDevice, shardOf } from './wire_device.mjs';

const stack = await TestStack.start('bad_input');
const support = await stack.as('support');
const good = await stack.wireDevice('good-1');
const bad = await stack.wireDevice('bad-1');
await good.drained(20 * SLOW);
await bad.drained(20 * SLOW);

const quarantine = async (device) => (await support.get(`/quarantine?${device ? `device=${device}&` : ''}limit=200`)).items.filter((item) => item.device === device);

/** Sends, and waits for the entry that it makes. */
async function refused(send, reason, device = 'bad-1') {
  const before = new Set((await quarantine(device)).map(({ id }) => id));
  await send();
  const entry = await waitFor(`a quarantined message (${reason})`, async () => (await quarantine(device)).find(({ id }) => !before.has(id)), {
    seconds: 10 * SLOW,
    seen: async () => JSON.stringify((await quarantine(device)).slice(0, 2)),
  });
  assert.match(entry.reason, reason);
  assert.ok(entry.topic.length > 0 && entry.bytes >= 0);
  return entry;
}

const now = () => Date.now();
const tele = (records) => JSON.stringify(records);

const PAYLOADS = [
  ['is no JSON', Buffer.from('{"n":'), /JSON|object|array|expected/i],
  ['is cut off', Buffer.from(tele([{ n: 'level', v: 1 }]).slice(0, -3)), /./],
  ['is not UTF-8', Buffer.from([0x5b, 0x7b, 0x22, 0x6e, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d, 0x5d]), /UTF-8|byte/i],
  ['is empty', Buffer.alloc(0), /./],
  ['is an object, not an array', Buffer.from('{"n":"level","v":1}'), /array/],
  ['has a value of the wrong type', tele([{ n: 'level', v: 'high' }]), /record 1.*'v'|'v'.*string/],
  ['has a name of the wrong type', tele([{ n: 7, v: 1 }]), /'n'/],
  ['has NaN', Buffer.from('[{"n":"level","v":NaN}]'), /./],
  ['has a number beyond any', Buffer.from('[{"n":"level","v":1e999}]'), /./],
  ['has an unknown metric', tele([{ n: 'colour', v: 1 }]), /colour/],
  ['has a unit of something else', tele([{ n: 'other', u: 'kg', v: 1 }]), /kg/],
  ['has a value that no sensor reports', tele([{ n: 'level', v: -5 }]), /level/],
  ['has a time far ahead', tele([{ n: 'level', t: now() / 1000 + 86400, v: 1 }]), /future|ahead/],
  ['has a time long past', tele([{ n: 'level', t: now() / 1000 - 86400 * 400, v: 1 }]), /old|90/],
  ['has a field that must be understood', tele([{ n: 'level', v: 1, x_: 1 }]), /x_/],
  ['is nested too deep', Buffer.from('['.repeat(60) + ']'.repeat(60)), /./],
  ['has too many records', tele(Array.from({ length: 2001 }, () => ({ n: 'level', v: 1 }))), /2,?000/],
];

for (const [what, payload, reason] of PAYLOADS) {
  test(`telemetry that ${what}`, stack.guard(async () => {
    const seq = bad.lanes.bulk.messages.length + 1;
    await refused(async () => bad.send('tele', payload), reason);
    await waitFor('its acknowledgement: it is dealt with, not sent for ever', () => bad.lanes.bulk.acked >= seq, { seconds: 10 * SLOW });
  }));
}

test('of a pack with one bad record the good ones are kept', stack.guard(async () => {
  const at = now() - 600e3;
  await refused(async () => bad.tele([['level', at, 77], ['colour', at, 1], ['level', at + 1000, 78]]), /colour/);
  const history = await waitFor('the good records', async () => {
    const found = await support.get(`/devices/bad-1/history?metric=level&from_ms=${at - 500}&to_ms=${at + 1500}&points=2`);
    return found.mean.length === 2 && found;
  }, { seconds: 10 * SLOW });
  assert.deepEqual(history.mean, [77, 78]);
}));

for (const [what, kind, payload, reason] of [
  ['a log without a text', 'log', '{"logs":[{"t":1,"sev":3}]}', /msg|text/],
  ['a log with a severity that is none', 'log', `{"logs":[{"t":${now()},"sev":9,"fac":1,"app":"a","msg":"m"}]}`, /sev/],
  ['an event of an unknown kind', 'event', `{"t":${now()},"kind":"party","severity":3,"text":"x"}`, /party|kind/],
  ['a fault without its code', 'event', `{"t":${now()},"kind":"fault","active":true,"severity":3,"text":"x"}`, /code/],
  ['a birth without a model', 'birth', '{"t":1}', /model|boot|serial/],
  ['a reply that nobody waits for', 'reply', '{"id":"nonsense"}', /id/],
]) {
  test(what, stack.guard(() => refused(async () => bad.send(kind, payload), reason)));
}

test('a message over the cap', stack.guard(() => refused(() => bad.raw(`${bad.prefix}/up/tele`, Buffer.alloc(70000, 0x20), bad.stamp(bad.lanes.bulk, 1)), /65,?536|64 ?KiB|70000|long|big/i)));

test('a shard that is not the device\'s', stack.guard(async () => {
  const right = shardOf('bad-1');
  const wrong = right === '00' ? '01' : '00';
  await refused(() => bad.raw(`fl/1/${wrong}/bad-1/up/tele`, '[]', bad.stamp(bad.lanes.bulk, 1)), new RegExp(`shard.*'?${right}`));
}));

test('a kind that is none', stack.guard(() => refused(() => bad.raw(`${bad.prefix}/up/gossip`, '[]'), /gossip|kind/)));

for (const [what, properties, reason] of [
  ['a stream that is no UUID', { stream: 'x', seq: '1' }, /stream|UUID/i],
  ['a sequence number that is none', { ...new WireDevice({}, {}, 'bad-1').stamp({ stream: '7c7a2d7e-53f7-4d0b-9d6b-0d7f5a1a2b3c' }, 1), seq: '-4' }, /seq/],
]) {
  test(`a message with ${what}`, stack.guard(() => refused(() => bad.raw(`${bad.prefix}/up/tele`, tele([{ n: 'level', v: 1 }]), properties), reason)));
}

test('a message without a stamp is taken as it comes: the sender wants no acknowledgement', stack.guard(async () => {
  const at = now() - 900e3;
  await bad.raw(`${bad.prefix}/up/tele`, tele([{ n: 'level', t: at / 1000, v: 31 }]));
  await waitFor('its sample', async () => (await support.get(`/devices/bad-1/history?metric=level&from_ms=${at - 500}&to_ms=${at + 500}&points=1`)).mean[0] === 31, { seconds: 10 * SLOW });
}));

test('a repeat is dropped and acknowledged again; a hole is not accepted', stack.guard(async () => {
  const at = now() - 300e3;
  bad.tele([['other', at, 11]]);
  await bad.drained(10 * SLOW);
  const lane = bad.lanes.bulk;
  const before = await stack.gateway.figure('samples_total');
  const repeats = await stack.gateway.figure('repeated_messages_total');
  await bad.raw(`${bad.prefix}/up/tele`, tele([{ n: 'other', t: at / 1000, v: 11 }]), bad.stamp(lane, lane.acked));
  await waitFor('the repeat to be counted', async () => (await stack.gateway.figure('repeated_messages_total')) > repeats, { seconds: 10 * SLOW });
  const gaps = await stack.gateway.figure('gap_messages_total');
  await bad.raw(`${bad.prefix}/up/tele`, tele([{ n: 'other', t: at / 1000, v: 12 }]), bad.stamp(lane, lane.acked + 7));
  await waitFor('the gap to be counted', async () => (await stack.gateway.figure('gap_messages_total')) > gaps, { seconds: 10 * SLOW });
  assert.equal(await stack.gateway.figure('samples_total'), before, 'neither was taken');
}));

test('a device of an unknown model is known, its telemetry is quarantined', stack.guard(async () => {
  const stranger = await stack.wireDevice('stranger-1', { model: 'no-such-model' });
  await refused(async () => stranger.tele([['level', now(), 1]]), /no-such-model|model/, 'stranger-1');
  assert.equal((await support.get('/devices/stranger-1')).model, 'no-such-model');
}));

test('the broker delivers nothing that a device says in another\'s name', stack.guard(async () => {
  const before = await stack.gateway.figure('messages_total');
  const trespasser = await stack.wireDevice('good-1', { certificate: 'bad-2' });
  trespasser.tele([['level', now(), 666]]);
  await trespasser.raw(`${good.prefix}/state`, 'offline').catch(() => {});
  await bad.raw(`fl/1/${shardOf('good-1')}/good-1/up/tele`, '[]').catch(() => {});
  good.tele([['level', now(), 5]]);
  await good.drained(10 * SLOW);
  await trespasser.close();
  const history = await support.get(`/devices/good-1/history?metric=level&from_ms=${now() - 60e3}&to_ms=${now() + 60e3}&points=4000`);
  assert.ok(!history.max.includes(666));
  assert.equal((await support.get('/devices/good-1')).online, true);
  assert.ok((await stack.gateway.figure('messages_total')) > before);
}));

test('the broker lets nobody in without a certificate of ours', stack.guard(async () => {
  const ca = await stack.pki.read('ca.crt');
  const attempt = (options) => new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', servername: 'localhost', port: stack.broker.port, ca, ...options });
    // In TLS 1.3 the server refuses after our side is done, so a connection counts only when MQTT is answered.
    socket.on('secureConnect', () => socket.write(Buffer.from([0x10, 16, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 2, 0, 30, 0, 0, 3, 0x61, 0x62, 0x63])));
    socket.on('data', () => { socket.destroy(); resolve('in'); });
    socket.on('error', () => resolve('out'));
    socket.on('close', () => resolve('out'));
  });
  assert.equal(await attempt({}), 'out', 'no certificate');
  const server = { cert: await stack.pki.read('broker.crt'), key: await stack.pki.read('broker.key') };
  assert.equal(await attempt(server), 'out', "a server's certificate");
  const client = { cert: await stack.pki.read('good-1.crt'), key: await stack.pki.read('good-1.key') };
  assert.equal(await attempt({ ...client, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }), 'out', 'TLS 1.1');
}));

test('the others were not disturbed', stack.guard(async () => {
  assert.deepEqual(await quarantine('good-1'), []);
  good.tele([['level', now(), 9]]);
  await good.drained(10 * SLOW);
  assert.ok((await support.get('/overview')).quarantined >= PAYLOADS.length);
  assert.ok((await support.get('/devices/bad-1')).quarantined >= PAYLOADS.length);
}));

test('a revoked product is out', stack.guard(async () => {
  const stolen = await stack.wireDevice('stolen-1');
  await stolen.drained(15 * SLOW);
  await stack.pki.run('revoke', 'stolen-1');
  await stack.restartBroker();
  await waitFor('it to be refused', () => !stolen.client.connected && stolen.lastError, { seconds: 15 * SLOW });
  stolen.tele([['level', now(), 1]]);
  good.tele([['level', now(), 2]]);
  await good.drained(20 * SLOW);
  assert.equal(stolen.isDone, false);
}));

test('statsd and syslog nonsense costs the agent nothing', stack.guard(async () => {
  const firmware = await Firmware.on(stack, 'machine-b');
  await firmware.product.waitOnline(support, 20 * SLOW);
  for (const text of ['', ':', 'level', 'level:|g', 'level:x|g', 'level:1|zz', '_e{9999,1}:a|b', '\u0000\u0001', 'x'.repeat(9000), 'level:1e999|g']) firmware.statsd(text);
  firmware.socket.send(Buffer.from([0xff, 0xfe, 0x00]), firmware.syslogPort, '127.0.0.1');
  firmware.log(6, 'app', 'still here zzqqy');
  await waitFor('a good line after the bad ones', async () => (await support.get('/devices/machine-b/logs?q=zzqqy')).items.length === 1, { seconds: 15 * SLOW });
  assert.ok(firmware.product.process.isRunning);
}));
