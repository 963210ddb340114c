// One file through a session: the engineer's WebSocket, the real gateway (TLS, recorded: name, size, sum and each piece's hash), the
// product's session process with its own TLS, and its disk. Up and down, each beside a plain TCP connection that this same program
// pushes the same bytes through, in the same run: the machine's own speed at that moment.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { waitFor } from '../../deploy/demo/process.mjs';
import { Stack } from '../../deploy/demo/stack.mjs';
import { FileStreams, sha256 } from '../integration/file_streams.mjs';

const MB = 1e6;
const BYTES = 64 * MB;
const PASSWORD = 'correct horse battery staple';

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

async function speed(bytes, work) {
  const begun = performance.now();
  await work();
  return bytes / MB / ((performance.now() - begun) / 1000);
}

/** The same bytes over loopback, in one process, unencrypted. */
async function plainTcp(bytes) {
  let seen = 0;
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const whole = new Promise((resolve) => {
    server.once('connection', (socket) => socket.on('data', (data) => (seen += data.length) >= bytes.length && resolve()));
  });
  const client = connect(server.address().port, '127.0.0.1');
  const result = await speed(bytes.length, async () => {
    client.write(bytes);
    await whole;
  });
  client.destroy();
  server.close();
  return result;
}

async function enter(stack, inbox) {
  const support = await stack.gateway.login('support', PASSWORD);
  const engineer = await stack.gateway.login('engineer', PASSWORD);
  const product = await stack.addProduct({
    id: 'product-1',
    model: 'field-product',
    owner: 'hook',
    agent: { session: { capabilities: 'files' }, 'files inbox': { path: inbox, may_read: 'yes', may_write: 'yes', max_bytes: '1GiB', total: '100GiB' } },
  });
  await product.answers([]);
  await product.startAgent();
  await product.waitOnline(support, 30);
  const { id: ticket } = await support.post('/tickets', { device: product.id, subject: 'bench', text: 'bench', severity: 'minor', source: 'phone' });
  await support.post(`/tickets/${ticket}/actions`, { action: 'assign', assignee: 'engineer' });
  await engineer.post(`/tickets/${ticket}/actions`, { action: 'diagnose' });
  const { id } = await engineer.post(`/tickets/${ticket}/sessions`, { capabilities: ['files'], minutes: 30, reason: 'bench' });
  await waitFor('the session', async () => (await engineer.get(`/sessions/${id}`)).state === 'live', { seconds: 30 });
  return new FileStreams(await ConsoleSession.join(engineer, id));
}

async function rounds(files, count, say) {
  const bytes = randomBytes(BYTES);
  const sum = sha256(bytes);
  const up = [];
  const down = [];
  const plain = [];
  for (let i = 0; i < count; i++) {
    plain.push(await plainTcp(bytes));
    up.push(await speed(BYTES, async () => {
      const end = await files.store('inbox', 'bench.bin', bytes, { replace: true, sum });
      if (end.reason !== 'done') throw new Error(`the upload ended: ${end.reason}`);
    }));
    down.push(await speed(BYTES, async () => {
      const end = await files.fetch('inbox', 'bench.bin');
      if (end.reason !== 'done' || end.sha256 !== sum) throw new Error(`the download ended: ${end.reason}`);
    }));
    say(`round ${i + 1}: up ${up.at(-1).toFixed(1)}, down ${down.at(-1).toFixed(1)}, plain TCP ${plain.at(-1).toFixed(0)} MB/s`);
  }
  return { up: median(up), down: median(down), plain: median(plain) };
}

export async function sessionFilesFigures(print, say, { rounds: count }) {
  const folder = await mkdtemp(join(tmpdir(), 'fl-'));
  const stack = new Stack(folder, { mode: 'release', gateway: { rules: new URL('../integration/packs', import.meta.url).pathname } });
  try {
    await stack.prepare();
    for (const role of ['support', 'engineer']) await stack.gateway.addUser(role, role, PASSWORD);
    await stack.broker.start();
    await stack.gateway.start();
    const inbox = stack.place.path('inbox');
    await mkdir(inbox, { recursive: true });
    const { up, down, plain } = await rounds(await enter(stack, inbox), count, say);
    print('file_transfer_mb_per_s', Math.min(up, down).toFixed(1), 'MB/s');
    print('file_upload_mb_per_s', up.toFixed(1), 'MB/s');
    print('file_download_mb_per_s', down.toFixed(1), 'MB/s');
    print('file_transfer_plain_tcp_ratio', (plain / Math.min(up, down)).toFixed(1), 'x');
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
