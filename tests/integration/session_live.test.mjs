// A session as it should be, and then with every part killed in the middle: the recording is whole up to the last frame that
// anybody saw, it verifies, and no process is left on the product.
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { Firmware } from './firmware.mjs';
import { ask, isAlive, openTicket, parentOf, sessionProcesses, waitReport, waitState } from './service.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const stack = await TestStack.start('session_live', { gateway: { settings: { sessions: { link_grace: '5s' } } } });
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const firmware = await Firmware.on(stack, 'product-1', { owner: 'hook', diagnostics: { sheet: '/bin/echo all is well' } });
const { product } = firmware;
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);
const transcripts = `${stack.gateway.dataDir}/transcripts`;

/** Asks, is allowed, joins, opens the terminal. `pids`: what runs in it. */
async function enter(capabilities = ['observe', 'diagnose', 'shell']) {
  const asked = await ask(engineer, ticket, capabilities);
  await waitState(engineer, asked.id, ['live']);
  const console_ = await ConsoleSession.join(engineer, asked.id);
  if (!capabilities.includes('shell')) return { id: asked.id, console: console_ };
  console_.notify('terminal.open', { cols: 100, rows: 30, term: 'xterm-256color' });
  const shown = await console_.command('echo "shell=$$"; sleep 3599 & echo "child=$!"; echo "d""one"', /done/);
  const shell = Number(/shell=(\d+)/.exec(shown)[1]);
  const child = Number(/child=(\d+)/.exec(shown)[1]);
  return { id: asked.id, console: console_, pids: [shell, child] };
}

async function nothingLeft(pids) {
  await waitFor('the processes to be gone', async () => !(await Promise.all(pids.map(isAlive))).some(Boolean), { seconds: 15 * SLOW });
}

const verify = async (id) => stack.gateway.verify(`${transcripts}/${id}.cast`, '--key', `${stack.gateway.dataDir}/seal.pub`, '--ca', stack.pki.path('ca.crt'));
const cast = (id) => stack.gateway.recording(id, 'cast');

test('diagnose, observe, shell; then the record is sealed, countersigned, and in the ticket', stack.guard(async () => {
  const { id, console: session, pids } = await enter();
  const hello = session.of('session.hello')[0];
  if (hello) assert.equal(hello.session, id);

  const sheet = await session.call('diagnose.run', { name: 'sheet' });
  assert.equal(sheet.exit, 0);
  assert.match(sheet.output, /all is well/);
  await assert.rejects(session.call('diagnose.run', { name: 'rm-everything' }), /rm-everything|no such|not/);

  session.notify('observe.start');
  const feeding = setInterval(() => firmware.gauge('level', 4711), 200);
  try {
    await waitFor('a live value', () => session.of('observe.sample').some(({ values }) => Object.values(values).includes(4711)), { seconds: 15 * SLOW });
  } finally {
    clearInterval(feeding);
  }
  session.notify('observe.stop');
  session.notify('terminal.resize', { cols: 132, rows: 43 });
  await session.command('sleep 0.2; stty size', /43 132/);
  await session.command("printf 'gr\\303\\274n \\346\\227\\245\\n'", /grün 日/);

  await engineer.post(`/sessions/${id}/end`, {});
  const detail = await waitReport(engineer, ticket, id);
  await nothingLeft(pids);
  const row = await engineer.get(`/sessions/${id}`);
  assert.equal(row.state, 'ended');
  assert.equal(row.why, 'ended_by_engineer');
  assert.equal(row.countersigned, true);
  assert.equal(row.complete, true);
  assert.ok(row.frames > 10);

  assert.equal(detail.report.digest, row.digest);
  for (const word of ['engineer', 'owner at the product', 'sheet', 'look for the noise', row.digest]) assert.ok(detail.report.markdown.includes(word), `the report has '${word}'`);
  const verdict = await verify(id);
  assert.ok(verdict.ok, verdict.text);
  assert.equal((await engineer.get(`/sessions/${id}/verify`)).ok, true);

  const lines = (await cast(id)).trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.equal(lines[0].version, 2);
  const shown = lines.slice(1).filter(([, kind]) => kind === 'o').map(([, , text]) => text).join('');
  assert.equal(shown, session.screen, 'what is replayed is what was shown');
  const typed = lines.slice(1).filter(([, kind]) => kind === 'i').map(([, , text]) => text).join('');
  assert.ok(typed.includes('stty size\r'));
}));

test('one changed byte anywhere in the record is found', stack.guard(async () => {
  const [{ id }] = (await engineer.get('/sessions?limit=1')).items;
  const folder = stack.place.path('tampered');
  await mkdir(folder, { recursive: true });
  for (const name of ['seal.pub']) await copyFile(`${stack.gateway.dataDir}/${name}`, `${folder}/${name}`);
  await copyFile(stack.pki.path('ca.crt'), `${folder}/ca.crt`);
  await copyFile(`${transcripts}/${id}.seal`, `${folder}/${id}.seal`);
  for (const ending of ['cast', 'jsonl']) await writeFile(`${folder}/${id}.${ending}`, await stack.gateway.recording(id, ending));
  const check = () => stack.gateway.verify(`${folder}/${id}.cast`);
  assert.ok((await check()).ok, 'the copy is good');
  for (const ending of ['cast', 'jsonl', 'seal']) {
    const path = `${folder}/${id}.${ending}`;
    const good = await readFile(path);
    const positions = [0, 1, good.length >> 2, good.length >> 1, (good.length * 3) >> 2, good.length - 2, good.length - 1];
    for (const position of positions) {
      const bad = Buffer.from(good);
      bad[position] ^= 1;
      await writeFile(path, bad);
      const verdict = await check();
      assert.equal(verdict.ok, false, `${ending}: byte ${position}`);
      assert.ok(verdict.text.length > 0);
    }
    await writeFile(path, good.subarray(0, good.length - 1));
    assert.equal((await check()).ok, false, `${ending}: cut`);
    const lines = good.toString().split('\n');
    if (lines.length > 6) {
      [lines[3], lines[4]] = [lines[4], lines[3]];
      await writeFile(path, lines.join('\n'));
      assert.equal((await check()).ok, false, `${ending}: reordered`);
    }
    await writeFile(path, good);
  }
  assert.ok((await check()).ok);
}));

test('a password that is typed while nothing is echoed is not in the record', stack.guard(async () => {
  const { id, console: session, pids } = await enter(['shell']);
  session.type('stty -echo; printf "password: "; read p; stty echo; echo "got ${#p}"\r');
  await waitFor('the prompt', () => /password: $/.test(session.screen), { seconds: 10 * SLOW });
  await waitFor('the product to say that it is silent', () => session.of('terminal.echo').some(({ on }) => on === false), { seconds: 10 * SLOW });
  session.type('hunter2secret\r'); // as ever: it is the gateway that knows what is a secret
  await waitFor('the answer', () => /got 13/.test(session.screen), { seconds: 10 * SLOW });
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
  await nothingLeft(pids);
  for (const name of (await readdir(transcripts)).filter((one) => one.startsWith(id))) {
    assert.ok(!(await readFile(`${transcripts}/${name}`, 'utf8')).includes('hunter2'), name);
  }
  for (const ending of ['cast', 'jsonl']) assert.ok(!(await stack.gateway.recording(id, ending)).includes('hunter2'), ending);
  assert.ok((await verify(id)).ok);
}));

test('what was not granted cannot be done', stack.guard(async () => {
  const { id, console: session } = await enter(['observe']);
  await assert.rejects(session.call('diagnose.run', { name: 'sheet' }), /granted|allowed|diagnose/);
  session.notify('terminal.open', { cols: 80, rows: 24 });
  await waitFor('the refusal', () => session.messages.some((message) => message.method === 'session.error' || message.error), { seconds: 10 * SLOW });
  assert.equal(session.screen, '');
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
}));

test('others may watch, and do not type', stack.guard(async () => {
  const supervisor = await stack.as('supervisor');
  const { id, console: session, pids } = await enter(['shell']);
  const watcher = await ConsoleSession.join(supervisor, id);
  await session.command('echo vis""ible', /visible/);
  await waitFor('the watcher to see it', () => /visible/.test(watcher.screen), { seconds: 10 * SLOW });
  watcher.type('echo intru""der\r');
  await session.command('echo aft""er', /after/);
  assert.ok(!/intruder/.test(session.screen));
  await assert.rejects(ConsoleSession.join(await stack.as('owner'), id), 'an owner has no console here');
  await engineer.post(`/sessions/${id}/end`, {});
  await nothingLeft(pids);
  await waitReport(engineer, ticket, id);
}));

test('the owner ends it at any time', stack.guard(async () => {
  const { id, console: session, pids } = await enter(['shell']);
  const owner = await stack.as('owner');
  await owner.post(`/sessions/${id}/end`, {});
  await session.closed;
  await waitReport(engineer, ticket, id);
  assert.equal((await engineer.get(`/sessions/${id}`)).why, 'ended_by_owner');
  await nothingLeft(pids);
}));

test('the gateway is killed in mid-session: the record is whole up to then, nothing is left running', stack.guard(async () => {
  const { id, console: session, pids } = await enter(['shell']);
  session.type('i=0; while :; do i=$((i+1)); echo "tick $i"; done\r');
  await waitFor('output', () => /tick 200\b/.test(session.screen), { seconds: 15 * SLOW });
  await stack.killGateway();
  const seen = session.screen;
  await nothingLeft(pids);
  await stack.gateway.start();
  await product.waitOnline(engineer);
  await waitReport(engineer, ticket, id, 30);
  const row = await engineer.get(`/sessions/${id}`);
  assert.equal(row.why, 'gateway_crashed');
  assert.equal(row.complete, false);
  const verdict = await verify(id);
  assert.ok(verdict.ok, verdict.text);
  const recorded = (await cast(id)).trimEnd().split('\n').slice(1).map((line) => JSON.parse(line)).filter(([, kind]) => kind === 'o').map(([, , text]) => text).join('');
  assert.ok(recorded.startsWith(seen), 'everything that was relayed had been recorded');
}));

test('the session process is killed: told, sealed, nothing left running', stack.guard(async () => {
  const { id, console: session, pids } = await enter(['shell']);
  await session.command('echo be""fore', /before/);
  process.kill(await parentOf(pids[0]), 'SIGKILL');
  await waitReport(engineer, ticket, id, 30);
  const row = await engineer.get(`/sessions/${id}`);
  assert.equal(row.why, 'agent_gone');
  assert.equal(row.countersigned, false);
  assert.equal(row.complete, false);
  const verdict = await verify(id);
  assert.ok(verdict.ok, verdict.text);
  await nothingLeft(pids);
  assert.deepEqual(await sessionProcesses(product), []);
}));

test('the resident agent is killed: the session goes on', stack.guard(async () => {
  const { id, console: session, pids } = await enter(['shell']);
  await product.process.kill();
  await session.command('echo still he""re', /still here/);
  await product.startAgent();
  await product.waitOnline(support, 20 * SLOW);
  await session.command('echo and no""w', /and now/);
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
  await nothingLeft(pids);
  assert.ok((await verify(id)).ok);
}));

test('the broker is killed: the session goes on', stack.guard(async () => {
  const { id, console: session, pids } = await enter(['shell']);
  await stack.restartBroker();
  await session.command('echo still he""re', /still here/);
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
  await nothingLeft(pids);
  await product.waitOnline(support, 20 * SLOW);
}));

test('what cannot be recorded is not held', stack.guard(async () => {
  await rename(transcripts, `${transcripts}.away`);
  try {
    const asked = await ask(engineer, ticket, ['shell']);
    const session = await waitState(engineer, asked.id, ['failed', 'denied'], 30);
    assert.equal(session.why, 'recording_failed');
    assert.equal(session.started_ms, null);
  } finally {
    await rename(`${transcripts}.away`, transcripts);
  }
}));

test('no process is left on the product at all', stack.guard(async () => {
  await waitFor('no session process', async () => (await sessionProcesses(product)).length === 0, { seconds: 10 * SLOW });
}));
