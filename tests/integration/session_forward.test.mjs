// One named port of the product to the engineer: bytes both ways, and everything that must not be reached.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { after, test } from 'node:test';
import { freePort } from '../../deploy/demo/ports.mjs';
import { Firmware } from './firmware.mjs';
import { ask, openTicket, waitReport, waitState } from './service.mjs';
import { MODE, SLOW, TestStack, waitFor } from './stack.mjs';
import { StreamLeg } from './stream_leg.mjs';

const MEBIBYTE = 1024 * 1024;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** A server on loopback that counts who is connected. */
async function serve(onSocket) {
  const sockets = new Set();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: server.address().port, sockets };
}

const echo = await serve((socket) => socket.pipe(socket));
const flood = await serve((socket) => {
  const block = randomBytes(64 * 1024);
  const pour = () => {
    while (!socket.destroyed && socket.write(block)) flood.sent = (flood.sent ?? 0) + block.length;
  };
  socket.on('drain', pour);
  pour();
});
const counted = await serve((socket) => {
  const hash = createHash('sha256');
  socket.on('data', (data) => hash.update(data));
  socket.on('end', () => socket.end(hash.digest('hex')));
});

const stack = await TestStack.start('session_forward');
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const { product } = await Firmware.on(stack, 'product-1', {
  owner: 'hook',
  agent: {
    session: { capabilities: 'observe,forward' },
    'forward echo': { port: echo.port },
    'forward flood': { port: flood.port },
    'forward counted': { port: counted.port, host: '127.0.0.1', kind: 'tcp' },
    'forward closed': { port: await freePort() },
    'forward narrow': { port: echo.port, connections: 2, bytes: '100000' },
  },
});
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);

async function enter(capabilities = ['forward']) {
  const asked = await ask(engineer, ticket, capabilities);
  await waitState(engineer, asked.id, ['live']);
  return { id: asked.id, leg: await StreamLeg.join(engineer, asked.id) };
}

async function end(id) {
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
}

const transcript = async (id) => (await readFile(`${stack.gateway.dataDir}/transcripts/${id}.jsonl`, 'utf8')).trimEnd().split('\n').slice(1).map((line) => JSON.parse(line));
const memory = async (pid) => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

test('promise_44_ports_are_named: 5 MB go both ways, and the record has their hashes and lengths', stack.guard(async () => {
  const { id, leg } = await enter();
  assert.deepEqual((await leg.call('forward.list')).ports.find(({ name }) => name === 'echo'), { name: 'echo', kind: 'tcp' });
  const stream = await leg.open('forward.open', { name: 'echo' });
  const sent = randomBytes(5 * MEBIBYTE);
  await stream.send(sent);
  await waitFor('all of it to come back', () => stream.received >= sent.length, { seconds: 60 * SLOW });
  assert.equal(sha256(stream.bytes), sha256(sent));
  stream.finish();
  const said = await stream.closed;
  assert.deepEqual({ reason: said.reason, up: said.up_bytes, down: said.down_bytes }, { reason: 'done', up: sent.length, down: sent.length });

  const other = await leg.open('forward.open', { name: 'counted' });
  await other.send(sent.subarray(0, MEBIBYTE));
  other.finish();
  await other.closed;
  assert.equal(other.bytes.toString(), sha256(sent.subarray(0, MEBIBYTE)), 'half closed: it heard the end and still answered');

  await end(id);
  const frames = (await transcript(id)).filter(({ ch }) => ch === 3);
  assert.equal(frames.filter(({ dir }) => dir === 'up').reduce((sum, { len }) => sum + len - 2, 0), sent.length + 64);
  assert.ok(frames.every(({ leaf, data }) => leaf !== undefined && data === undefined), 'hashes alone');
  const verdict = await stack.gateway.verify(`${stack.gateway.dataDir}/transcripts/${id}.cast`, '--key', `${stack.gateway.dataDir}/seal.pub`, '--ca', stack.pki.path('ca.crt'));
  assert.ok(verdict.ok, verdict.text);
}));

test('promise_44_nothing_else_is_reached', stack.guard(async () => {
  const { id, leg } = await enter();
  for (const name of ['ssh', '127.0.0.1:22', '../echo', 'ECHO', '']) {
    await assert.rejects(leg.open('forward.open', { name }), /no port|name/, JSON.stringify(name));
  }
  const named = await leg.open('forward.open', { name: 'echo', host: '10.0.0.1', port: 22 });
  await waitFor('the configured port, whatever else was said', () => echo.sockets.size === 1, { seconds: 10 * SLOW });
  named.close();
  await named.closed;
  await assert.rejects(leg.open('screen.open', { name: 'echo', view_only: true }), /screen.*not granted/);
  await assert.rejects(leg.open('forward.open', { name: 'closed' }), /nothing listens/);
  const dead = leg.of('stream.closed').at(-1);
  if (dead) assert.equal(dead.reason, 'refused');
  await end(id);
}));

test('a session without forward has no ports', stack.guard(async () => {
  const { id, leg } = await enter(['observe']);
  await assert.rejects(leg.call('forward.list'), /forward.*not granted/);
  await assert.rejects(leg.open('forward.open', { name: 'echo' }), /forward.*not granted/);
  await end(id);
}));

test('promise_44_limits: connections at once, and bytes of a session', stack.guard(async () => {
  const { id, leg } = await enter();
  const first = await leg.open('forward.open', { name: 'narrow' });
  const second = await leg.open('forward.open', { name: 'narrow' });
  await assert.rejects(leg.open('forward.open', { name: 'narrow' }), /2 connections open already/);
  second.close();
  assert.equal((await second.closed).reason, 'closed');
  await first.send(randomBytes(60000));
  assert.equal((await first.closed).reason, 'limit');
  await waitFor('its socket to be gone', () => echo.sockets.size === 0, { seconds: 10 * SLOW });
  const third = await leg.open('forward.open', { name: 'narrow' }).catch((error) => error);
  if (!(third instanceof Error)) {
    await third.send(randomBytes(60000));
    assert.equal((await third.closed).reason, 'limit', 'closing and opening again gains nothing');
  }
  await end(id);
}));

test('the end of the session closes the sockets at once', stack.guard(async () => {
  const { id, leg } = await enter();
  for (let i = 0; i < 5; i++) await leg.open('forward.open', { name: 'echo' });
  await waitFor('five connections', () => echo.sockets.size === 5, { seconds: 10 * SLOW });
  await engineer.post(`/sessions/${id}/end`, {});
  await waitFor('none', () => echo.sockets.size === 0, { seconds: 5 * SLOW });
  await waitReport(engineer, ticket, id);
}));

test('a tool beside the console: it opens ports, it does not type, it does not replace', stack.guard(async () => {
  const { id, leg } = await enter();
  const tool = await StreamLeg.join(engineer, id, '?part=tool');
  tool.last = (await tool.call('stream.next')).stream - 1;
  const stream = await tool.open('forward.open', { name: 'echo' });
  await stream.send(Buffer.from('from the tool'));
  await waitFor('the echo', () => stream.received === 13, { seconds: 10 * SLOW });
  assert.equal(stream.number, 0x8000);
  assert.equal((await tool.call('stream.next')).stream, stream.number + 1);
  assert.equal((await leg.call('stream.next')).stream, 1, 'whoever types has numbers of his own');
  await assert.rejects(leg.call('forward.open', { name: 'echo', stream: 0x8001 }), /stream/);
  await assert.rejects(tool.call('screen.list'), /not granted|tool/);
  assert.equal((await leg.call('forward.list')).ports.length, 5, 'the console is still there');
  await tool.leave();
  await waitFor('its connection to be closed', () => echo.sockets.size === 0, { seconds: 10 * SLOW });
  await end(id);
}));

test('a fast producer and a reader that does not read: bounded in the gateway and in the agent', { skip: MODE === 'asan' && 'memory of a sanitizer is its own' }, stack.guard(async () => {
  const { id, leg } = await enter();
  const before = await memory(stack.gateway.process.pid);
  const streams = [];
  for (let i = 0; i < 4; i++) streams.push(await leg.open('forward.open', { name: 'flood' }, { window: 0 }));
  leg.ws.pause();
  for (const stream of streams) {
    stream.keeps = false;
    for (let i = 0; i < 4; i++) stream.give(64 * 1024);
  }
  let last = -1;
  await waitFor('the producer to stand still', async () => {
    const same = flood.sent === last;
    last = flood.sent;
    return same && last > 0;
  }, { seconds: 30 * SLOW, every: 500 });
  const grown = (await memory(stack.gateway.process.pid)) - before;
  assert.ok(grown < 16 * MEBIBYTE, `the gateway grew by ${grown} bytes`);
  console.log(`# slow reader, 4 streams: gateway grew by ${Math.round(grown / 1024)} KiB, producer stood still after ${Math.round(last / 1024)} KiB`);
  leg.ws.resume();
  for (const stream of streams) stream.close();
  await Promise.all(streams.map((stream) => stream.closed));
  await end(id);
}));
