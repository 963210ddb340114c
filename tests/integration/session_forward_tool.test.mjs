// `fieldline-gateway forward`: a product's port on the engineer's own machine.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { after, test } from 'node:test';
import { Firmware } from './firmware.mjs';
import { ask, openTicket, waitReport, waitState } from './service.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';
import { StreamLeg } from './stream_leg.mjs';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const picture = randomBytes(300_000);
const hmi = http.createServer((request, response) => {
  if (request.url === '/picture') return response.end(picture);
  if (request.method === 'POST') return request.pipe(response.writeHead(200, { 'content-type': 'application/octet-stream' }));
  return response.end(`<h1>Freezer</h1> ${request.url}`);
});
const echo = net.createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => {}).pipe(socket));
hmi.keepAliveTimeout = 300;
for (const server of [hmi, echo]) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.close();
    server.closeAllConnections?.();
  });
}

const stack = await TestStack.start('session_forward_tool');
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const { product } = await Firmware.on(stack, 'product-1', {
  owner: 'hook',
  agent: { session: { capabilities: 'observe,forward' }, 'forward hmi': { port: hmi.address().port, kind: 'http' }, 'forward echo': { port: echo.address().port } },
});
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);
const password = stack.place.path('password');
await writeFile(password, 'correct horse battery staple\n', { mode: 0o600 });

async function enter() {
  const asked = await ask(engineer, ticket, ['forward']);
  await waitState(engineer, asked.id, ['live']);
  return { id: asked.id, leg: await StreamLeg.join(engineer, asked.id) };
}

async function end(id) {
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
}

/** The command; `ready` is its local port, or undefined when it ended before; `end` its exit status and what it said. */
function forward(id, name, more = {}) {
  const options = { '--url': stack.gateway.origin, '--session': id, '--port': name, '--user': 'engineer', '--password-file': password, '--ca': stack.pki.path('ca.crt'), ...more };
  const child = spawn(stack.place.program('fieldline-gateway'), ['forward', ...Object.entries(options).flat()], { stdio: ['ignore', 'pipe', 'pipe'] });
  after(() => child.kill('SIGKILL'));
  let said = '';
  let wrote = '';
  child.stderr.on('data', (data) => (said += data));
  child.stdout.on('data', (data) => (wrote += data));
  const over = once(child, 'exit').then(([code]) => ({ code, said }));
  const ready = waitFor('the command to listen, or to end', () => /:(\d+)\n/.exec(wrote) ?? (child.exitCode !== null && []), { seconds: 20 * SLOW }).then(([, port]) => port && Number(port));
  return { child, ready, over, said: () => said };
}

function fetchLocal(port, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, method: body ? 'POST' : 'GET' }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks))).on('error', reject);
    });
    request.on('error', reject).end(body);
  });
}

test('a web page of the product, in ten connections at once; and a POST of 2 MB', stack.guard(async () => {
  const { id, leg } = await enter();
  const tool = forward(id, 'hmi');
  const port = await tool.ready;
  assert.ok(port, tool.said());
  assert.match((await fetchLocal(port, '/status?x=1')).toString(), /Freezer<\/h1> \/status\?x=1/);
  const pictures = await Promise.all(Array.from({ length: 10 }, () => fetchLocal(port, '/picture')));
  for (const one of pictures) assert.equal(sha256(one), sha256(picture));
  const large = randomBytes(2_000_000);
  assert.equal(sha256(await fetchLocal(port, '/upload', large)), sha256(large));
  assert.equal((await leg.call('forward.list')).ports.length, 2, 'the console is still in the session');
  tool.child.kill('SIGINT');
  assert.equal((await tool.over).code, 0);
  await end(id);
}));

test('5 MB through a TCP port both ways, half closed', stack.guard(async () => {
  const { id } = await enter();
  const tool = forward(id, 'echo');
  const socket = net.connect({ port: await tool.ready, host: '127.0.0.1', allowHalfOpen: true });
  const sent = randomBytes(5 * 1024 * 1024);
  const chunks = [];
  socket.on('data', (data) => chunks.push(data));
  const began = performance.now();
  socket.end(sent);
  await once(socket, 'end');
  const seconds = (performance.now() - began) / 1000;
  assert.equal(sha256(Buffer.concat(chunks)), sha256(sent));
  console.log(`# the command: 5 MiB each way in ${seconds.toFixed(2)} s, ${(10 / seconds).toFixed(0)} MiB/s both ways together`);
  tool.child.kill('SIGTERM');
  assert.equal((await tool.over).code, 0);
  await end(id);
}));

test('what it says when it cannot', stack.guard(async () => {
  const { id } = await enter();
  await writeFile(`${password}.wrong`, 'not the password\n');
  for (const [more, says] of [
    [{ '--password-file': `${password}.wrong` }, /login was refused: the user name or the password is wrong/],
    [{ '--user': 'supervisor' }, /only the engineer/],
    [{ '--session': '11111111-1111-4111-8111-111111111111' }, /not live/],
    [{ '--session': 'x' }, /no session/],
    [{ '--url': stack.gateway.origin.replace('https', 'http') }, /expected https/],
    [{ '--ca': '/etc/hostname' }, /hostname/],
    [{ '--listen': '0.0.0.0:0' }, /expected 127\.0\.0\.1/],
  ]) {
    const tool = forward(id, 'echo', more);
    const { code, said } = await tool.over;
    assert.equal(code, 1, JSON.stringify(more));
    assert.match(said, says);
  }
  const unknown = forward(id, 'ssh');
  const socket = net.connect(await unknown.ready, '127.0.0.1').on('error', () => {});
  await new Promise((done) => socket.once('close', done));
  await waitFor('the reason', () => /no port 'ssh'/.test(unknown.said()), { seconds: 5 * SLOW });
  unknown.child.kill('SIGTERM');
  await unknown.over;
  await end(id);
}));

test('the end of the session is the end of the command, and of what was connected', stack.guard(async () => {
  const { id } = await enter();
  const tool = forward(id, 'echo');
  const socket = net.connect(await tool.ready, '127.0.0.1').on('error', () => {});
  socket.write('hello');
  await once(socket, 'data');
  const closed = new Promise((done) => socket.once('close', done));
  await end(id);
  const { code, said } = await tool.over;
  await closed;
  assert.equal(code, 1);
  assert.match(said, /the session is over/);
}));
