// Devices without our agent: what existing clients say on the broker's second listener becomes devices, history, alarms and
// tickets, and what they must not say becomes a reason in the quarantine.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { run } from '../../deploy/demo/process.mjs';
import { ForeignDevice, PASSWORD, SparkplugNode } from './foreign_device.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const USERS = ['node-1', 'node-2', 'node-3', 'thin-1', 'plug-1', 'kitchen', 'shellyplug-aa11', 'shellyplus1pm-bb22', 'zigbee2mqtt', 'freezer-1', 'flood', 'counted'];
const stack = await TestStack.start('adapters', {
  foreign: Object.fromEntries(USERS.map((user) => [user, PASSWORD])),
  gateway: {
    rules: new URL('../../rules', import.meta.url).pathname,
    settings: { adapters: { enabled: 'yes', file: new URL('../../deploy/adapters.conf.example', import.meta.url).pathname } },
  },
});
const support = await stack.as('support');
const closing = [];
after(async () => {
  for (const device of closing) await device.close();
});

async function foreign(user, options) {
  const device = await ForeignDevice.connect(stack, user, options);
  closing.push(device);
  return device;
}
async function sparkplugNode(...args) {
  const node = await SparkplugNode.connect(stack, ...args);
  closing.push(node);
  return node;
}

const soon = { seconds: 15 * SLOW };
const device = (id) => support.get(`/devices/${id}`).catch((error) => (error.status === 404 ? undefined : Promise.reject(error)));
const isOnline = (id, wanted = true) => waitFor(`${id} to be ${wanted ? 'online' : 'offline'}`, async () => (await device(id))?.online === wanted, { ...soon, seen: async () => JSON.stringify(await device(id)) });

/** The newest value of a metric (of a part) in the last minutes. */
async function newest(id, metric, part = '') {
  const now = Date.now();
  const query = `metric=${metric}&from_ms=${now - 600e3}&to_ms=${now + 60e3}&points=1000${part && `&part=${part}`}`;
  const history = await support.get(`/devices/${id}/history?${query}`).catch((error) => (error.status === 404 ? { max: [] } : Promise.reject(error)));
  return history.max.filter((value) => value !== null).at(-1);
}
const waitValue = (id, metric, value, part) =>
  waitFor(`${metric} of ${id} to be ${value}`, async () => Math.abs((await newest(id, metric, part)) - value) < 1e-3, { ...soon, seen: async () => `${await newest(id, metric, part)}; quarantine: ${JSON.stringify((await quarantine()).slice(0, 3))}` });

const quarantine = async (id) => (await support.get(`/quarantine?limit=200${id ? `&device=${id}` : ''}`)).items;
const waitRefused = (reason, id) =>
  waitFor(`a refusal ${reason}`, async () => (await quarantine(id)).find((item) => reason.test(item.reason)), { ...soon, seen: async () => JSON.stringify((await quarantine(id)).slice(0, 3).map((item) => item.reason)) });

const alarms = async (id) => (await support.get(`/alarms?device=${id}&active=true&limit=100`)).items;
const isRaised = (id, alarm, wanted = true) =>
  waitFor(`${alarm} of ${id} to be ${wanted ? 'raised' : 'cleared'}`, async () => (await alarms(id)).some((item) => item.alarm === alarm) === wanted, { ...soon, seen: async () => JSON.stringify(await alarms(id)) });

await waitFor('the adapters to be connected', async () => (await stack.gateway.figure('adapter_broker_connected')) === 1, soon);

test('a Sparkplug node is born, its data fires a rule, an alarm opens a ticket', stack.guard(async () => {
  const watcher = await foreign('node-1');
  await watcher.listen('spBv1.0/STATE/fieldline');
  const state = await waitFor('the host state', () => watcher.heard.find(({ topic }) => topic === 'spBv1.0/STATE/fieldline'), soon);
  assert.equal(JSON.parse(state.text).online, true);
  assert.ok(state.retain);

  const node = await sparkplugNode('building', 'node-1');
  const id = (await waitFor('the room', async () => (await support.get('/devices?limit=100')).items.find((item) => item.id.startsWith('sp-building--node-1--room-1')), soon));
  const name = id.id;
  assert.match(name, /^sp-building--node-1--room-1---[0-9a-f]{16}$/, '"Room 1" has a capital and a space');
  await isOnline(name);
  await waitValue(name, 'room_temperature', 21);
  await waitValue(name, 'relative_humidity', 40);
  await waitValue(name, 'battery_level', 0.9);
  assert.equal(await device('sp-building--node-1'), undefined, 'the mapping wants devices only');

  node.data([1, 'Float', 36.5], [2, 'Int8', 41]);
  await waitValue(name, 'relative_humidity', 41);
  for (let i = 0; i < 40; i += 1) node.data([1, 'Float', 60]);
  await isRaised(name, 'RoomTooWarm');
  await waitFor('a ticket', async () => (await support.get('/tickets?limit=50')).items.find((ticket) => ticket.device === name), soon);

  node.data([4, 'Boolean', true]);
  await isRaised(name, 'water-leak');
  node.data([4, 'Boolean', false]);
  await isRaised(name, 'water-leak', false);
  node.vanish();
  await isOnline(name, false);
}));

test('a gap in the sequence, an unknown alias and data before birth are answered with a request for a birth', stack.guard(async () => {
  const node = await sparkplugNode('building', 'node-2', { device: 'hall' });
  const id = 'sp-building--node-2--hall';
  await isOnline(id);
  assert.equal(node.births, 1);
  node.skipOne();
  node.data([1, 'Float', 22.5]);
  await waitFor('a second birth', () => node.births === 2, soon);
  assert.equal(await stack.gateway.figure('adapter_sequence_gaps_total'), 1);
  node.data([1, 'Float', 23.5]);
  await waitValue(id, 'room_temperature', 23.5);
  const now = Date.now();
  const history = await support.get(`/devices/${id}/history?metric=room_temperature&from_ms=${now - 600e3}&to_ms=${now + 60e3}&points=1000`);
  assert.ok(!history.max.includes(22.5), 'an alias is not believed after a gap');

  // A gateway that knows nothing: killed, started again, and the next message makes it ask.
  await stack.restartGateway();
  await waitFor('the adapters to be connected again', async () => (await stack.gateway.figure('adapter_broker_connected')) === 1, soon);
  const before = node.births;
  node.data([1, 'Float', 24.5]);
  await waitFor('a birth after the restart', () => node.births > before, soon);
  await isOnline(id);
  node.data([1, 'Float', 25.5]);
  await waitValue(id, 'room_temperature', 25.5);
  assert.equal((await quarantine(id)).length, 0);
}));

test('a killed gateway is offline by its Will, and online again with another time', stack.guard(async () => {
  const watcher = await foreign('node-3');
  await watcher.listen('spBv1.0/STATE/fieldline');
  const states = () => watcher.heard.map(({ text }) => JSON.parse(text));
  await waitFor('online', () => states().at(-1)?.online === true, soon);
  const was = states().at(-1).timestamp;
  await stack.killGateway();
  const gone = await waitFor('the Will', () => states().find(({ online }) => !online), soon);
  assert.equal(gone.timestamp, was, 'the Will has the time of the birth that it ends');
  await stack.gateway.start();
  await waitFor('online again', () => states().at(-1).online && states().at(-1).timestamp > was, soon);
}));

test('promise_10_what_the_broker_kept_while_the_gateway_was_away_arrives', stack.guard(async () => {
  const plug = await foreign('kitchen');
  await plug.say('home/kitchen/status', 'online', { retain: true });
  await isOnline('home-kitchen');
  await stack.killGateway();
  const at = Date.now();
  for (let i = 0; i < 20; i += 1) await plug.say('home/kitchen/readings', { t: at - 20000 + i * 1000, values: { room_temperature: 20 + i / 100 } });
  await stack.gateway.start();
  await waitValue('home-kitchen', 'room_temperature', 20.19);
  assert.equal(await stack.count("SELECT count(*) FROM quarantine WHERE device = 'home-kitchen'"), 0);
}));

test('thin-edge: registration, measurements, an alarm and its end, health', stack.guard(async () => {
  const thin = await foreign('thin-1');
  const root = 'te/device/thin-1//';
  await thin.say(root, { '@type': 'child-device', name: 'Cellar north', type: 'sensor' }, { retain: true });
  await thin.say(`${root}/twin/firmware`, { name: 'fw', version: '2.1' }, { retain: true });
  await thin.say('te/device/thin-1/service/tedge-agent/status/health', { status: 'up', pid: 7 }, { retain: true });
  await thin.say(`${root}/m/environment`, { time: new Date().toISOString(), temperature: 19.5, environment: { humidity: 55 }, link_quality: 0.5 });
  await waitValue('te-thin-1', 'room_temperature', 19.5);
  await waitValue('te-thin-1', 'relative_humidity', 55);
  await waitValue('te-thin-1', 'link_quality', 0.5);
  await isOnline('te-thin-1');
  const shown = await device('te-thin-1');
  assert.deepEqual([shown.model, shown.serial, shown.firmware], ['room-sensor', 'Cellar north', 'fw 2.1']);

  await thin.say(`${root}/a/water-leak`, { severity: 'critical', text: 'wet feet', time: new Date().toISOString() }, { retain: true });
  await isRaised('te-thin-1', 'water-leak');
  await waitFor('a ticket', async () => (await support.get('/tickets?limit=50')).items.find((ticket) => ticket.device === 'te-thin-1'), soon);
  await thin.say(`${root}/a/water-leak`, '', { retain: true });
  await isRaised('te-thin-1', 'water-leak', false);
  await thin.say(`${root}/e/login`, { text: 'somebody logged in' });
  await waitFor('the event', async () => (await stack.count("SELECT count(*) FROM event WHERE line = 'somebody logged in'")) === 1, soon);
  await thin.say('te/device/thin-1/service/tedge-agent/status/health', { status: 'down' }, { retain: true });
  await isOnline('te-thin-1', false);

  await thin.say(`${root}/m/x`, { temperature: 20, colour: 'red' });
  await waitRefused(/'colour'/, 'te-thin-1');
  await thin.say(`${root}/m/x`, { temperature: 20, time: '2026-01-01T00:00:00' });
  await waitRefused(/no zone/, 'te-thin-1');
  await thin.say(`${root}/a/x`, { severity: 'terrible' }, { retain: true });
  await waitRefused(/terrible/, 'te-thin-1');
  await thin.say(`${root}/m/x`, { unheard_of: 20 });
  await waitRefused(/unheard_of/, 'te-thin-1');
}));

test('Tasmota, Shelly of both kinds and Zigbee2MQTT say what they say', stack.guard(async () => {
  const tasmota = await foreign('plug-1', { will: { topic: 'tele/plug-1/LWT', payload: 'Offline', qos: 1, retain: true } });
  await tasmota.say('tele/plug-1/LWT', 'Online', { retain: true });
  await tasmota.say('tele/plug-1/INFO1', { Info1: { Module: 'Generic', Version: '13.4.0(tasmota)', FallbackTopic: 'cmnd/DVES_1_fb/', GroupTopic: 'cmnd/tasmotas/' } });
  await tasmota.say('tele/plug-1/SENSOR', { Time: '2026-11-22T04:17:02', ENERGY: { TotalStartTime: '2026-01-01T00:00:00', Total: 1.5, Yesterday: 0.1, Today: 0.05, Power: 61, ApparentPower: 70, ReactivePower: 34, Factor: 0.87, Voltage: 231, Current: 0.303 } });
  await tasmota.say('tele/plug-1/STATE', { Time: '2026-11-22T04:17:02', Uptime: '0T00:20:10', POWER: 'ON', Wifi: { RSSI: 78 } });
  await waitValue('tasmota-plug-1', 'power', 61);
  await waitValue('tasmota-plug-1', 'energy', 5.4e6);
  await waitValue('tasmota-plug-1', 'relay_on', 1);
  assert.equal((await device('tasmota-plug-1')).firmware, '13.4.0(tasmota)');
  await isOnline('tasmota-plug-1');
  await tasmota.vanish();
  await isOnline('tasmota-plug-1', false);

  const shelly1 = await foreign('shellyplug-aa11');
  await shelly1.say('shellies/shellyplug-aa11/online', 'true', { retain: true });
  await shelly1.say('shellies/shellyplug-aa11/relay/0', 'on');
  await shelly1.say('shellies/shellyplug-aa11/relay/0/power', '41.25');
  await shelly1.say('shellies/shellyplug-aa11/relay/0/energy', '100');
  await shelly1.say('shellies/shellyplug-aa11/temperature', '44.5');
  await waitValue('shelly-shellyplug-aa11', 'power', 41.25, '0');
  await waitValue('shelly-shellyplug-aa11', 'energy', 6000, '0');
  await waitValue('shelly-shellyplug-aa11', 'device_temperature', 44.5);
  await shelly1.say('shellies/shellyplug-aa11/relay/0', 'overpower');
  await isRaised('shelly-shellyplug-aa11', 'overpower');
  await shelly1.say('shellies/shellyplug-aa11/relay/0', 'off');
  await isRaised('shelly-shellyplug-aa11', 'overpower', false);

  const shelly2 = await foreign('shellyplus1pm-bb22');
  await shelly2.say('shellyplus1pm-bb22/online', 'true', { retain: true });
  await shelly2.say('shellyplus1pm-bb22/status/switch:0', { id: 0, source: 'init', output: true, apower: 8.9, voltage: 237.5, current: 0.037, aenergy: { total: 6.5, by_minute: [45, 47, 47], minute_ts: 1626935779 }, temperature: { tC: 23.6, tF: 74.4 } });
  await waitValue('shelly-shellyplus1pm-bb22', 'power', 8.9);
  await waitValue('shelly-shellyplus1pm-bb22', 'energy', 23400);
  await waitValue('shelly-shellyplus1pm-bb22', 'device_temperature', 23.6);

  const zigbee = await foreign('zigbee2mqtt');
  await zigbee.say('zigbee2mqtt/0x00158d0001a2b3c4/availability', { state: 'online' }, { retain: true });
  await zigbee.say('zigbee2mqtt/0x00158d0001a2b3c4', { battery: 97, humidity: 46.2, linkquality: 102, pressure: 1008.6, temperature: 22.31, voltage: 2985 });
  await waitValue('z2m-0x00158d0001a2b3c4', 'room_temperature', 22.31);
  await waitValue('z2m-0x00158d0001a2b3c4', 'air_pressure', 100860);
  await waitValue('z2m-0x00158d0001a2b3c4', 'link_quality', 0.4);
  await zigbee.say('zigbee2mqtt/0x00158d0001a2b3c4', { battery: 97, water_leak: true, tamper: false });
  await isRaised('z2m-0x00158d0001a2b3c4', 'water-leak');
  await zigbee.say('zigbee2mqtt/0x00158d0001a2b3c4/availability', { state: 'offline' }, { retain: true });
  await isOnline('z2m-0x00158d0001a2b3c4', false);
  for (const id of ['tasmota-plug-1', 'shelly-shellyplug-aa11', 'shelly-shellyplus1pm-bb22', 'z2m-0x00158d0001a2b3c4']) assert.deepEqual(await quarantine(id), []);
}));

test('a fault that is said with every message is one event', stack.guard(async () => {
  const zigbee = await foreign('zigbee2mqtt');
  const events = () => stack.count("SELECT count(*) FROM event JOIN device ON device.id = event.device WHERE device.device = 'z2m-bath'");
  for (let i = 0; i < 5; i += 1) await zigbee.say('zigbee2mqtt/bath', { water_leak: false, temperature: 20 + i });
  await waitValue('z2m-bath', 'room_temperature', 24);
  assert.equal(await events(), 0, 'what was never on is not over');
  for (let i = 0; i < 5; i += 1) await zigbee.say('zigbee2mqtt/bath', { water_leak: true, temperature: 30 + i });
  await waitValue('z2m-bath', 'room_temperature', 34);
  assert.equal(await events(), 1);
}));

for (const [what, user, topic, payload, reason, id] of [
  ['bytes that are no protobuf', 'node-1', 'spBv1.0/building/NBIRTH/node-1', Buffer.from([0xff, 0xff, 0xff]), /protobuf/],
  ['a birth without a sequence number', 'node-1', 'spBv1.0/building/NBIRTH/node-1', Buffer.alloc(0), /sequence number/],
  ['a group that no section has', 'node-1', 'spBv1.0/elsewhere/NBIRTH/node-1', Buffer.alloc(0), /no \[sparkplug/],
  ['broken JSON', 'kitchen', 'home/kitchen/readings', '{"values":', /JSON|expected|end/i, 'home-kitchen'],
  ['a metric that the pack has not', 'kitchen', 'home/kitchen/readings', '{"values":{"colour":3}}', /colour/, 'home-kitchen'],
  ['a value that no sensor reports', 'kitchen', 'home/kitchen/readings', '{"values":{"room_temperature":900}}', /900/, 'home-kitchen'],
  ['a time of next week', 'kitchen', 'home/kitchen/readings', JSON.stringify({ t: Date.now() + 7 * 86400e3, values: { room_temperature: 20 } }), /future/, 'home-kitchen'],
  ['a presence that is none', 'kitchen', 'home/kitchen/status', 'perhaps', /perhaps/, 'home-kitchen'],
  ['a payload over the cap', 'kitchen', 'home/kitchen/readings', Buffer.alloc(70000, 0x20), /70000/],
]) {
  test(`refused: ${what}`, stack.guard(async () => {
    const client = await foreign(user);
    await client.say(topic, payload);
    await waitRefused(reason, id);
  }));
}

test('a retained measurement is no news', stack.guard(async () => {
  const zigbee = await foreign('zigbee2mqtt');
  await stack.killGateway();
  await stack.restartBroker(); // and with it the session that would keep it for us
  const again = await foreign('zigbee2mqtt');
  await again.say('zigbee2mqtt/attic', { temperature: 33, tamper: true }, { retain: true });
  await stack.gateway.start();
  await isRaised('z2m-attic', 'tamper');
  assert.equal(await newest('z2m-attic', 'room_temperature'), undefined);
  await zigbee.close();
}));

test('promise_19_no_foreign_device_speaks_as_a_device_with_an_agent', stack.guard(async () => {
  const agent = await stack.wireDevice('home-freezer-1', { model: 'room-sensor', metrics: ['room_temperature'] });
  await agent.drained(20 * SLOW);
  const thief = await foreign('freezer-1');
  await thief.say('home/freezer-1/readings', { values: { room_temperature: 66 } });
  await waitRefused(/belongs to a device with an agent/);
  assert.equal(await newest('home-freezer-1', 'room_temperature'), undefined);

  // The other way round, the certificate wins: an agent takes over an id that an adapter made up.
  const squatter = await foreign('kitchen');
  await squatter.say('home/kitchen/status', 'online');
  await isOnline('home-kitchen');
  const kitchen = await stack.wireDevice('home-kitchen', { model: 'room-sensor', metrics: ['room_temperature'] });
  await kitchen.drained(20 * SLOW);
  await squatter.say('home/kitchen/readings', { values: { room_temperature: 67 } });
  await waitFor('a second refusal', async () => (await quarantine()).filter(({ reason }) => /belongs to a device with an agent/.test(reason)).length >= 2, soon);

  // And the broker lets no password reach an agent's topics.
  const before = await stack.gateway.figure('messages_total');
  await thief.say('fl/1/00/home-freezer-1/up/tele', '[]').catch(() => {});
  await thief.say('home/plug-1/readings', { values: { room_temperature: 68 } }).catch(() => {});
  await squatter.say('home/kitchen/status', 'online');
  agent.tele([['room_temperature', Date.now(), 20]]);
  await agent.drained(20 * SLOW);
  await waitValue('home-freezer-1', 'room_temperature', 20);
  assert.equal(await device('home-plug-1'), undefined);
  assert.ok((await stack.gateway.figure('messages_total')) > before);
  assert.ok(!(await quarantine('')).some(({ topic }) => topic.startsWith('fl/1/00/home-freezer-1')));
}));

test('a flood of foreign messages does not hold up an agent', stack.guard(async () => {
  const agent = await stack.wireDevice('steady-1', { model: 'room-sensor', metrics: ['room_temperature'] });
  await agent.drained(20 * SLOW);
  const flood = await foreign('flood');
  const at = Date.now();
  let isOver = false;
  const flooding = (async () => {
    for (let i = 0; !isOver && i < 10000; i += 200) await Promise.all(Array.from({ length: 200 }, (_, k) => flood.say('home/flood/readings', { t: at - 60000 + i + k, values: { room_temperature: 20 } }, { qos: 0 })));
  })();
  const before = await stack.gateway.figure('adapter_messages_total');
  const waits = [];
  for (let i = 0; i < 20; i += 1) {
    agent.tele([['room_temperature', Date.now(), 20 + i / 10]]);
    const begun = performance.now();
    await agent.drained(5 * SLOW);
    waits.push(performance.now() - begun);
  }
  isOver = true;
  await flooding;
  assert.ok((await stack.gateway.figure('adapter_messages_total')) > before, 'it was a flood');
  assert.ok(Math.max(...waits) < 3000 * SLOW, `slowest acknowledgement ${Math.max(...waits)} ms`);
}));

test('check tells what is wrong with a mapping, with file and line', stack.guard(async () => {
  const path = stack.place.path('wrong.conf');
  await writeFile(path, '[json x]\ntopic = a/#\nmodel = room-sensor\n');
  const config = stack.place.path('wrong-gateway.conf');
  const right = await readFile(stack.gateway.config, 'utf8');
  await writeFile(config, right.replace(/^file = .*$/m, `file = ${path}`));
  const { code, stderr } = await run(stack.place.program('fieldline-gateway'), ['check', '--config', config], { allowFailure: true });
  assert.equal(code, 1);
  assert.match(stderr, /wrong\.conf:2: \[json x\] topic/);
  await stack.gateway.command('check');
}));

test('a killed gateway loses no more than what was on its way to the commit', stack.guard(async (t) => {
  const counted = await foreign('counted');
  const sent = 4000;
  const at = Date.now();
  const say = (i) => counted.say('home/counted/readings', { t: at - sent + i, values: { relative_humidity: i / 100 } });
  const taken = () => stack.count("SELECT count(*) FROM journal JOIN device ON device.id = journal.device WHERE device.device = 'home-counted'");
  for (let i = 0; i < sent / 2; i += 50) await Promise.all(Array.from({ length: 50 }, (_, k) => say(i + k)));
  const rest = Promise.all(Array.from({ length: sent / 2 }, (_, k) => say(sent / 2 + k)));
  await waitFor('the second half to be on its way', async () => (await taken()) > sent / 2, { ...soon, every: 5, seen: taken });
  await stack.killGateway();
  await rest;
  await stack.gateway.start();
  let last = -1;
  await waitFor('the flow to end', async () => {
    const now = await taken();
    const isQuiet = now === last;
    last = now;
    return isQuiet && (await stack.gateway.figure('adapter_broker_connected')) === 1;
  }, { ...soon, every: 700, seen: taken });
  t.diagnostic(`of ${sent} messages with QoS 1, ${sent - last} were lost by a SIGKILL in the middle (negative: came twice)`);
  assert.ok(Math.abs(sent - last) < 1000, `${sent - last} lost`);
}));

test('a gateway that is stopped in order has taken what it had', stack.guard(async () => {
  const flood = await foreign('flood');
  const taken = () => stack.count("SELECT count(*) FROM journal JOIN device ON device.id = journal.device WHERE device.device = 'home-flood'");
  const before = await taken();
  const at = Date.now();
  const sent = 2000;
  await Promise.all(Array.from({ length: sent }, (_, i) => flood.say('home/flood/readings', { t: at - sent + i, values: { room_temperature: 20 } })));
  const watcher = await foreign('node-3');
  await watcher.listen('spBv1.0/STATE/fieldline');
  await waitFor('the host to be online', () => watcher.heard.length > 0, soon);
  await stack.gateway.process.stop(20);
  await waitFor('it to be offline', () => JSON.parse(watcher.heard.at(-1).text).online === false, soon);
  await stack.gateway.start();
  await waitFor('all of them', async () => (await taken()) >= before + sent, { ...soon, seen: taken });
}));
