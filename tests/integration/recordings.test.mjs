// Recordings as evidence, with the real parts: they lie encrypted, secrets are covered when they are shown, a bundle verifies
// without the gateway, nothing is missing without being seen, and nothing is destroyed while somebody holds it.
import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { run } from '../../deploy/demo/process.mjs';
import { Firmware } from './firmware.mjs';
import { ask, openTicket, waitReport, waitState } from './service.mjs';
import { SLOW, TestStack, waitAudit, waitFor } from './stack.mjs';

const stack = await TestStack.start('recordings', { gateway: { settings: { sessions: { retention: '1d' } } } });
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const supervisor = await stack.as('supervisor');
const auditor = await stack.as('auditor');
const { product } = await Firmware.on(stack, 'product-1', { owner: 'hook' });
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);
const transcripts = `${stack.gateway.dataDir}/transcripts`;
const program = stack.place.program('fieldline-gateway');
const folder = stack.place.path('evidence');
await mkdir(folder);

/** A session in which these commands were typed. */
async function record(...commands) {
  const asked = await ask(engineer, ticket, ['shell']);
  await waitState(engineer, asked.id, ['live']);
  const session = await ConsoleSession.join(engineer, asked.id);
  session.notify('terminal.open', { cols: 100, rows: 30, term: 'xterm-256color' });
  for (const [command, answer] of commands) await session.command(command, answer);
  await engineer.post(`/sessions/${asked.id}/end`, {});
  await waitReport(engineer, ticket, asked.id);
  return asked.id;
}

const text = async (client, path) => (await client.raw('GET', `/api/v1${path}`)).body.toString();
const status = async (client, method, path, body) => (await client.raw(method, `/api/v1${path}`, body)).status;
const id = await record(['export TOKEN=abc123def; echo d""one', /done/]);

test('promise_52_what_lies_on_the_disk_tells_nothing', stack.guard(async () => {
  for (const name of (await readdir(transcripts)).filter((one) => one.startsWith(id) && /cast|jsonl/.test(one))) {
    const bytes = await readFile(`${transcripts}/${name}`);
    assert.ok(!bytes.includes('done') && !bytes.includes('engineer'), `${name} is encrypted`);
  }
  assert.ok((await stack.gateway.recording(id, 'cast')).includes('done'));
  const { code, stderr } = await run(program, ['transcript', 'verify', `${transcripts}/${id}.cast`, '--master', `${transcripts}/ca.crt`], { allowFailure: true });
  assert.equal(code, 1);
  assert.match(stderr, /master key/);
}));

test('secrets are covered for those who look, and shown to those who must see, which is noted', stack.guard(async () => {
  for (const client of [engineer, supervisor]) {
    for (const what of ['cast', 'transcript']) assert.ok(!(await text(client, `/sessions/${id}/${what}`)).includes('abc123def'), what);
  }
  assert.ok((await text(engineer, `/sessions/${id}/cast`)).includes('export TOKEN=*********; echo'));
  assert.equal(await status(engineer, 'GET', `/sessions/${id}/unmasked/cast`), 403);
  assert.equal(await status(await stack.as('owner'), 'GET', `/sessions/${id}/unmasked/transcript`), 403);
  assert.ok((await text(auditor, `/sessions/${id}/unmasked/cast`)).includes('export TOKEN=abc123def'));
  await waitAudit(auditor, 'session.unmasked', (item) => item.object === `session/${id}` && item.who === 'auditor');
}));

test('promise_38_a_bundle_verifies_with_nothing_but_itself_and_public_keys', stack.guard(async () => {
  assert.equal(await status(await stack.as('owner'), 'GET', `/sessions/${id}/bundle`), 403);
  assert.equal(await status(support, 'GET', `/sessions/${id}/bundle`), 403);
  const answer = await engineer.raw('GET', `/api/v1/sessions/${id}/bundle`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], 'application/zip');
  await waitAudit(auditor, 'session.bundle', (item) => item.object === `session/${id}` && item.who === 'engineer');
  const path = `${folder}/${id}.zip`;
  await writeFile(path, answer.body);
  const keys = `${folder}/keys`;
  await mkdir(keys);
  await copyFile(`${stack.gateway.dataDir}/seal.pub`, `${keys}/seal.pub`);
  await copyFile(stack.pki.path('ca.crt'), `${keys}/ca.crt`);
  const good = await run(program, ['transcript', 'verify', path, '--keys', keys], { allowFailure: true });
  assert.equal(good.code, 0, good.stderr + good.stdout);
  assert.match(good.stdout, /countersigned by the product/);
  const bytes = Buffer.from(answer.body);
  for (let i = 0; i < 20; i++) {
    const at = Math.floor((bytes.length * i) / 20);
    bytes[at] ^= 1;
    await writeFile(path, bytes);
    const bad = await run(program, ['transcript', 'verify', path, '--keys', keys], { allowFailure: true });
    assert.equal(bad.code, 1, `byte ${at}`);
    bytes[at] ^= 1;
  }
  await rename(`${keys}/seal.pub`, `${keys}/mine.pub`);
  assert.equal((await run(program, ['transcript', 'verify', path, '--keys', keys], { allowFailure: true })).code, 1, 'no key, no verdict');
}));

test('the same bundle on the command line', stack.guard(async () => {
  const path = `${folder}/cli.zip`;
  await stack.gateway.command('transcript', 'bundle', id, '--out', path);
  const { code, stdout } = await run(program, ['transcript', 'verify', path], { allowFailure: true });
  assert.equal(code, 0, stdout);
  assert.match(stdout, /inside the bundle/);
}));

test('the list shows what is there, and what is gone', stack.guard(async () => {
  const state = async () => (await engineer.get('/sessions?limit=5')).items.find((one) => one.id === id).recording.state;
  assert.equal(await state(), 'sealed');
  await rename(`${transcripts}/${id}.cast`, `${folder}/${id}.cast`);
  assert.equal(await state(), 'missing');
  await rename(`${folder}/${id}.cast`, `${transcripts}/${id}.cast`);
  await rename(`${transcripts}/${id}.seal`, `${folder}/${id}.seal`);
  assert.equal(await state(), 'missing', 'the row knows its digest');
  await rename(`${folder}/${id}.seal`, `${transcripts}/${id}.seal`);
  assert.equal((await engineer.get(`/sessions/${id}`)).recording.state, 'sealed');
}));

test('another master key: nothing opens until the keys are wrapped anew', stack.guard(async () => {
  const master = `${stack.gateway.dataDir}/master.key`;
  const old = `${stack.gateway.dataDir}/master-old.key`;
  await stack.gateway.process.stop();
  await rename(master, old);
  await stack.gateway.command('init');
  await stack.gateway.start();
  assert.match((await stack.gateway.verify(`${transcripts}/${id}.cast`)).text, /master key [0-9a-f]{16}, which is not here/);
  const config = await readFile(stack.gateway.config, 'utf8');
  await writeFile(stack.gateway.config, config.replace('[sessions]', `[sessions]\nmaster_key_previous = ${old}`));
  const { stdout } = await stack.gateway.command('transcript', 'rewrap');
  assert.match(stdout, /^1 keys wrapped/);
  await writeFile(stack.gateway.config, config);
  const verdict = await stack.gateway.verify(`${transcripts}/${id}.cast`);
  assert.ok(verdict.ok, verdict.text);
  await chmod(master, 0o640);
  assert.match((await run(program, ['check', '--config', stack.gateway.config], { allowFailure: true, env: stack.gateway.env })).stderr, /others may read this master key/);
  await chmod(master, 0o600);
}));

test('retention destroys what is old, unless it is held', stack.guard(async () => {
  const held = await record(['echo he""ld', /held/]);
  const hits = async (q, session) => (await engineer.get(`/sessions/search?${new URLSearchParams({ q, session })}`)).items.length;
  await waitFor('both to be searchable', async () => (await hits('done', id)) > 0 && (await hits('held', held)) > 0, { seconds: 15 * SLOW });
  assert.match((await engineer.get(`/sessions/${id}/report`)).markdown, /## Typed/);
  assert.equal(await status(engineer, 'POST', `/sessions/${held}/hold`, { reason: 'mine' }), 403);
  assert.equal(await status(supervisor, 'POST', `/sessions/${held}/hold`, {}), 400);
  await supervisor.post(`/sessions/${held}/hold`, { reason: 'claim 17' });
  assert.equal(await status(auditor, 'POST', `/sessions/${held}/hold`, { reason: 'again' }), 409);
  await stack.gateway.process.stop();
  await run('sqlite3', [`${stack.gateway.dataDir}/gateway.db`, 'UPDATE recording SET ended_ms = ended_ms - 2 * 86400000']);
  await stack.gateway.start();
  const row = await waitFor('the removal', async () => {
    const session = await engineer.get(`/sessions/${id}`);
    return session.recording.state === 'removed' && session;
  }, { seconds: 15 * SLOW });
  assert.ok(row.recording.removed_ms > row.ended_ms);
  assert.equal(row.digest.length, 64, 'the row stays');
  assert.deepEqual((await readdir(transcripts)).filter((name) => name.startsWith(id)), []);
  await waitFor('its lines to be forgotten', async () => (await hits('done', id)) === 0, { seconds: 15 * SLOW });
  assert.ok((await hits('held', held)) > 0, 'a held session keeps its lines');
  const { markdown } = await engineer.get(`/sessions/${id}/report`);
  assert.match(markdown, /not here any more/);
  assert.match(markdown, new RegExp(`## Consent[^]*${row.digest}`), 'what the row says stays');
  assert.doesNotMatch(markdown, /Typed|Timeline|done/);
  assert.match((await engineer.get(`/sessions/${held}/report`)).markdown, /## Typed/);
  await waitAudit(auditor, 'session.recording_removed', (item) => item.object === `session/${id}`);
  assert.equal(await status(supervisor, 'GET', `/sessions/${id}/bundle`), 404);
  assert.equal(await status(supervisor, 'POST', `/sessions/${id}/hold`, { reason: 'too late' }), 409);
  const kept = await engineer.get(`/sessions/${held}`);
  assert.deepEqual([kept.recording.state, kept.recording.held_by, kept.recording.hold_reason], ['sealed', 'supervisor', 'claim 17']);
  await auditor.post(`/sessions/${held}/release`);
  await waitFor('the removal of what was held', async () => (await engineer.get(`/sessions/${held}`)).recording.state === 'removed', { seconds: 15 * SLOW });
  await waitAudit(auditor, 'session.hold', (item) => item.object === `session/${held}` && item.detail === 'claim 17');
  await waitAudit(auditor, 'session.release', (item) => item.object === `session/${held}` && item.who === 'auditor');
}));

test('what was typed while nothing was echoed can be opened by the holder of the escrow key alone', stack.guard(async () => {
  const [privateKey, publicKey] = [`${folder}/escrow.key`, `${folder}/escrow.pub`];
  await run('openssl', ['genpkey', '-algorithm', 'X25519', '-out', privateKey]);
  await run('openssl', ['pkey', '-in', privateKey, '-pubout', '-out', publicKey]);
  await stack.gateway.process.stop();
  const config = await readFile(stack.gateway.config, 'utf8');
  await writeFile(stack.gateway.config, config.replace('[sessions]', `[sessions]\nescrow_key = ${publicKey}`));
  await stack.gateway.start();
  await product.waitOnline(support, 20 * SLOW);
  const asked = await ask(engineer, ticket, ['shell']);
  await waitState(engineer, asked.id, ['live']);
  const session = await ConsoleSession.join(engineer, asked.id);
  session.notify('terminal.open', { cols: 100, rows: 30, term: 'xterm-256color' });
  await waitFor('the shell', () => session.screen.length > 0, { seconds: 10 * SLOW });
  session.type('stty -echo; printf "password: "; read p; stty echo; echo "got ${#p}"\r');
  await waitFor('silence', () => session.of('terminal.echo').some(({ on }) => on === false), { seconds: 10 * SLOW });
  session.type('hunter2secret\r');
  await waitFor('the answer', () => /got 13/.test(session.screen), { seconds: 10 * SLOW });
  await engineer.post(`/sessions/${asked.id}/end`, {});
  await waitReport(engineer, ticket, asked.id);
  assert.ok(!(await stack.gateway.recording(asked.id, 'jsonl')).includes('hunter2'));
  const { stdout } = await stack.gateway.command('transcript', 'open-escrow', `${transcripts}/${asked.id}.jsonl`, '--key', privateKey);
  assert.match(stdout, /engineer {2}"hunter2secret/);
  const wrong = await run(program, ['transcript', 'open-escrow', `${transcripts}/${asked.id}.jsonl`, '--key', publicKey, '--config', stack.gateway.config], { allowFailure: true });
  assert.equal(wrong.code, 1);
  assert.ok((await stack.gateway.verify(`${transcripts}/${asked.id}.cast`)).ok);
}));

