// A product whose certificate was revoked has no session: it is not let in, one that is live ends at once, and its tickets open
// nothing. The list is read again when its file changes; a list that cannot be used leaves the last good one in force.
import assert from 'node:assert/strict';
import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { WebSocket } from '../../deploy/demo/client.mjs';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { run } from '../../deploy/demo/process.mjs';
import { Firmware } from './firmware.mjs';
import { ask, isAlive, openTicket, sessionProcesses, waitReport, waitState } from './service.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const stack = await TestStack.start('revoked');
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const list = stack.pki.path('crl.pem');
const nobody = await stack.gateway.client();
const health = async () => JSON.parse((await nobody.raw('GET', '/healthz')).body);
const reasons = async () => (await health()).reasons.map(({ id }) => id);
const log = () => readFile(stack.place.path('gateway.log'), 'utf8');

/** A product of our own that has consented and may dial in. */
async function consented(device) {
  const ticket = await openTicket(support, engineer, device.id);
  const asked = await ask(engineer, ticket, ['observe', 'shell']);
  const command = await waitFor('the command', () => device.commands.find(({ args }) => args.session === asked.id), { seconds: 15 * SLOW });
  const at = Date.now();
  const consent = { method: 'hook', by: 'test', at_ms: at, until_ms: at + 600e3 };
  device.send('reply', { id: command.id, ok: true, result: { state: 'open', capabilities: ['observe', 'shell'], consent } });
  await waitFor('the consent to be known', async () => (await engineer.get(`/sessions/${asked.id}`)).consent, { seconds: 15 * SLOW });
  return { ...command.args, consent };
}

/** Dials in; the status of the refusal, or 101. `files`: where its certificate and key are, without their endings. */
async function dial({ url }, token, files) {
  const identity = { cert: await readFile(`${files}.crt`), key: await readFile(`${files}.key`) };
  const ws = new WebSocket(url, 'fieldline.session.1', { ca: await stack.pki.read('ca.crt'), ...identity, headers: { Authorization: `Bearer ${token}` }, perMessageDeflate: false });
  const said = [];
  ws.on('message', (data, isBinary) => isBinary || said.push(JSON.parse(data.toString())));
  ws.on('error', () => {});
  const status = await new Promise((resolve) => {
    ws.once('open', () => resolve(101));
    ws.once('unexpected-response', (_, response) => resolve(response.statusCode));
    ws.once('close', () => resolve(0));
  });
  const closed = new Promise((resolve) => (ws.readyState === 3 ? resolve() : ws.once('close', resolve)));
  return { status, ws, said, closed };
}

test('who was revoked before is refused, and the session that waited for it is over', stack.guard(async () => {
  const device = await stack.wireDevice('stolen-1');
  await device.drained(20 * SLOW);
  const args = await consented(device);
  await stack.pki.run('revoke', device.id);
  assert.equal((await dial(args, 'x'.repeat(43), stack.pki.path(device.id))).status, 403, 'even without a token');
  assert.equal((await waitState(engineer, args.session, ['asking'])).state, 'asking', 'which ends nobody else\'s session');
  assert.equal((await dial(args, args.token, stack.pki.path(device.id))).status, 403);
  const row = await waitState(engineer, args.session, ['failed']);
  assert.equal(row.why, 'certificate_revoked');
  assert.equal(row.started_ms, null);
}));

test('another certificate of the same device is good; its revoked one ends nothing', stack.guard(async () => {
  const device = await stack.wireDevice('renewed-1');
  await device.drained(20 * SLOW);
  const old = stack.place.path('old-renewed-1');
  for (const ending of ['crt', 'key']) await copyFile(stack.pki.path(`renewed-1.${ending}`), `${old}.${ending}`);
  await stack.pki.run('revoke', device.id);
  for (const ending of ['crt', 'key']) await rename(stack.pki.path(`renewed-1.${ending}`), stack.place.path(`away.${ending}`));
  await stack.pki.device(device.id);
  const args = await consented(device);
  const leg = await dial(args, args.token, stack.pki.path(device.id));
  assert.equal(leg.status, 101);
  leg.ws.send(JSON.stringify({ jsonrpc: '2.0', method: 'session.hello', params: { session: args.session, agent: 'test', capabilities: ['observe'], consent: args.consent, deadline_s: 600 } }));
  await waitState(engineer, args.session, ['live']);
  assert.equal((await dial(args, args.token, old)).status, 403);
  assert.equal((await engineer.get(`/sessions/${args.session}`)).state, 'live');
  leg.ws.terminate();
  await waitState(engineer, args.session, ['ended']);
}));

test('promise_35_revoked in mid-session: it ends within 3 s, with the reason, and nothing is left', stack.guard(async () => {
  const { product } = await Firmware.on(stack, 'product-1', { owner: 'hook' });
  await product.answers([]);
  await product.waitOnline(support, 20 * SLOW);
  const ticket = await openTicket(support, engineer, product.id);
  const { id } = await ask(engineer, ticket, ['shell']);
  await waitState(engineer, id, ['live']);
  const session = await ConsoleSession.join(engineer, id);
  session.notify('terminal.open', { cols: 80, rows: 24 });
  const shown = await session.command('sleep 3599 & echo "pids=$$,$!"; echo "d""one"', /done/);
  const pids = /pids=(\d+),(\d+)/.exec(shown).slice(1).map(Number);
  await stack.pki.run('revoke', product.id);
  const since = performance.now();
  await waitFor('the processes to be gone', async () => !(await Promise.all(pids.map(isAlive))).some(Boolean), { seconds: 15 * SLOW, every: 20 });
  await session.closed;
  const took_ms = performance.now() - since;
  assert.ok(took_ms <= 3000 * SLOW, `it took ${took_ms} ms`);
  assert.equal(session.of('session.state').at(-1).reason, 'certificate_revoked', 'the engineer sees why');
  await waitReport(engineer, ticket, id);
  assert.equal((await engineer.get(`/sessions/${id}`)).why, 'certificate_revoked');
  await waitFor('no session process', async () => (await sessionProcesses(product)).length === 0, { seconds: 10 * SLOW });
  assert.match(await log(), new RegExp(`warn web.relays certificate_revoked session=${id}`));
}));

test('promise_35_revoked in mid-session, and the product will not go: its leg is closed, and its ticket opens nothing', stack.guard(async () => {
  const device = await stack.wireDevice('stolen-2');
  await device.drained(20 * SLOW);
  const args = await consented(device);
  const files = stack.pki.path(device.id);
  const leg = await dial(args, args.token, files);
  assert.equal(leg.status, 101);
  leg.ws.send(JSON.stringify({ jsonrpc: '2.0', method: 'session.hello', params: { session: args.session, agent: 'test', capabilities: ['observe', 'shell'], consent: args.consent, deadline_s: 600, resume: true } }));
  await waitState(engineer, args.session, ['live']);
  const { token } = (await waitFor('a ticket', () => leg.said.find(({ method }) => method === 'session.ticket'), { seconds: 10 * SLOW })).params;
  await stack.pki.run('revoke', device.id);
  const since = performance.now();
  await leg.closed;
  const took_ms = performance.now() - since;
  assert.ok(took_ms <= 4000 * SLOW, `it took ${took_ms} ms`);
  assert.equal(leg.said.find(({ method }) => method === 'session.end')?.params.reason, 'certificate_revoked', 'it was asked to');
  assert.equal((await dial(args, token, files)).status, 403);
  const row = await waitState(engineer, args.session, ['ended']);
  assert.equal(row.why, 'certificate_revoked');
  assert.equal(row.countersigned, false);
}));

test('a list that cannot be used: the last good one stays in force, and that is said', stack.guard(async () => {
  const device = await stack.wireDevice('honest-1');
  await device.drained(20 * SLOW);
  const good = await readFile(list, 'utf8');
  const other = stack.place.path('other-ca');
  await run(stack.place.source('deploy/pki/fieldline-pki'), ['-d', other, 'init']);
  const older = stack.place.path('older.pem');
  await writeFile(older, good);
  const inForce = async () => (await log()).match(/web.revocation list_in_force/g)?.length ?? 0;
  const before = await inForce();
  await stack.pki.run('revoke', 'web'); // one more; what was in force before is older now
  await waitFor('the new list to be in force', async () => (await inForce()) > before, { seconds: 10 * SLOW });
  const newest = await readFile(list, 'utf8');
  for (const [what, content, says] of [
    ['nonsense', 'no list at all\n', /cannot be read as 1 to 15 revocation lists/],
    ['half of it', newest.slice(0, newest.length >> 1), /cannot be read/],
    ['another authority\'s', await readFile(`${other}/crl.pem`, 'utf8'), /not signed by the CA/],
    ['an older one', await readFile(older, 'utf8'), /older than the one in force/],
    ['none', null, /No such file/],
  ]) {
    if (content === null) await rename(list, `${list}.away`);
    else await writeFile(list, content);
    await waitFor(`${what}: /healthz to say so`, async () => (await reasons()).includes('crl_stale'), { seconds: 10 * SLOW });
    await waitFor(`${what}: the log to say why`, async () => says.test(await log()), { seconds: 10 * SLOW });
    const { status } = await dial({ url: `wss://localhost:${stack.gateway.ports.session}/session/v1` }, 'x'.repeat(43), stack.pki.path('stolen-2'));
    assert.equal(status, 403, `${what}: who was revoked stays so`);
    const args = await consented(device);
    const leg = await dial(args, args.token, stack.pki.path(device.id));
    assert.equal(leg.status, 101, `${what}: who was not is let in`);
    leg.ws.terminate();
    await waitState(engineer, args.session, ['failed', 'ended']);
    await writeFile(list, newest);
    await waitFor(`${what}: it is well again`, async () => !(await reasons()).includes('crl_stale'), { seconds: 10 * SLOW });
  }
}));

test('it does not start with a list that cannot be used, and says which', stack.guard(async () => {
  const good = await readFile(list, 'utf8');
  await stack.gateway.process.stop();
  await writeFile(list, 'nonsense');
  await assert.rejects(stack.gateway.command('check'), /crl\.pem: cannot be read/);
  await assert.rejects(stack.gateway.command('serve'), /crl\.pem: cannot be read/);
  await writeFile(list, good);
  await stack.gateway.command('check');
  await stack.gateway.start();
}));
