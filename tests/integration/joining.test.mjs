// More than one person in a session, with the real agent: who comes, goes and types is known to everybody and to the record;
// the keyboard changes hands; a moderator freezes and ends; a guest comes by a link that works for one person.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { freePort } from '../../deploy/demo/ports.mjs';
import { Process, run } from '../../deploy/demo/process.mjs';
import { Firmware } from './firmware.mjs';
import { ask, openTicket, waitReport, waitState } from './service.mjs';
import { SLOW, TestStack, waitAudit, waitFor } from './stack.mjs';

const PASSWORD = 'a password of the other one';
const turnPort = await freePort();
const stack = await TestStack.start('joining', {
  gateway: { settings: { sessions: { call_stun: `stun:127.0.0.1:${turnPort}`, call_turn: `turn:127.0.0.1:${turnPort}`, call_turn_secret: 'north' } } },
});
await stack.gateway.addUser('bob', 'engineer', PASSWORD);
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const supervisor = await stack.as('supervisor');
const bob = await stack.gateway.login('bob', PASSWORD);
after(() => bob.close());
const firmware = await Firmware.on(stack, 'product-1', { owner: 'hook', diagnostics: { sheet: '/bin/echo all is well' } });
const { product } = firmware;
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);
const transcripts = `${stack.gateway.dataDir}/transcripts`;
const seconds = 15 * SLOW;

async function enter(capabilities = ['shell', 'diagnose']) {
  const asked = await ask(engineer, ticket, capabilities);
  await waitState(engineer, asked.id, ['live']);
  const session = await ConsoleSession.join(engineer, asked.id);
  session.notify('terminal.open', { cols: 100, rows: 30, term: 'xterm-256color' });
  await session.command('echo rea""dy', /ready/);
  return { id: asked.id, ann: session };
}
const told = (session) => session.of('session.people').at(-1);
const state = (session) => session.of('session.state').at(-1);
const frames = async (id) => (await stack.gateway.recording(id, 'jsonl')).toString().trimEnd().split('\n').slice(1).map((line) => JSON.parse(line));
const verify = (id) => stack.gateway.verify(`${transcripts}/${id}.cast`, '--key', `${stack.gateway.dataDir}/seal.pub`, '--ca', stack.pki.path('ca.crt'));

/** As the page of a guest does it: opens the link, gets a ticket, joins. */
async function come(invite, seat) {
  const nobody = await stack.gateway.client();
  const token = new URLSearchParams(invite.path.split('#')[1]).get('t');
  const entry = await nobody.post('/join', { token, ...(seat && { seat }) });
  const session = new ConsoleSession(await nobody.socket(`/sessions/${entry.session}/ws`, 'fieldline.session.1', { ticket: entry.ticket }));
  session.closed.then(() => nobody.close());
  return { entry, session };
}

test('two engineers: handed over, each key has its author, and the product countersigns it', stack.guard(async () => {
  const { id, ann } = await enter();
  const other = await ConsoleSession.join(bob, id);
  await waitFor('everybody to know', () => told(ann)?.people.length === 2 && told(other)?.people.length === 2, { seconds });
  assert.deepEqual(told(ann).people.map(({ name, part, may_type }) => ({ name, part, may_type })).sort((a, b) => a.name.localeCompare(b.name)), [
    { name: 'bob', part: 'watcher', may_type: true },
    { name: 'engineer', part: 'typist', may_type: true },
  ]);
  assert.equal(state(other).cols, 100, 'who comes later is told the size of the terminal');
  await assert.rejects(other.call('session.take'), /not offered/);
  other.type('echo intru""der\r');
  await ann.call('session.offer', { to: 'bob' });
  await waitFor('the offer', () => told(other).offered === 'bob', { seconds });
  await other.call('session.take');
  await waitFor('bob to have it', () => state(other).may_type && !state(ann).may_type, { seconds });
  ann.type('echo too la""te\r');
  await other.command('echo from b""ob', /from bob/);
  await waitFor('ann to see it', () => /from bob/.test(ann.screen), { seconds });
  assert.ok(!/intruder|too late/.test(other.screen + ann.screen));
  await ann.call('chat.say', { text: '谢谢 bob' });
  await waitFor('the line', () => other.of('chat.said').some(({ by, text }) => by === 'engineer' && text === '谢谢 bob'), { seconds });
  await other.call('session.end');
  await waitReport(engineer, ticket, id);
  const verdict = await verify(id);
  assert.ok(verdict.ok, verdict.text);
  const row = await engineer.get(`/sessions/${id}`);
  assert.equal(row.countersigned, true);
  const recorded = await frames(id);
  const typed = recorded.filter(({ dir, ch }) => dir === 'down' && ch === 1);
  assert.deepEqual([...new Set(typed.map(({ by }) => by))].sort(), ['bob', 'engineer']);
  const switched = recorded.findIndex(({ dir, data }) => dir === 'down' && data?.method === 'terminal.typist');
  assert.equal(recorded[switched].data.params.by, 'bob');
  assert.ok(recorded.slice(switched).filter(({ dir, ch }) => dir === 'down' && ch === 1).every(({ by }) => by === 'bob'));
  const notes = recorded.filter(({ dir, data }) => dir === 'gate' && data?.method).map(({ data }) => data.method);
  for (const note of ['session.joined', 'session.offered', 'session.taken', 'chat.said', 'session.people']) assert.ok(notes.includes(note), note);
  assert.ok(recorded.some(({ dir, data }) => dir === 'down' && data?.method === 'notice.show' && /Recorded\. engineer works\. Watching: bob/.test(data.params.text)), 'the product was told who watches');
}));

test('a moderator freezes: nothing reaches the product, its output goes on; thaws; ends', stack.guard(async () => {
  const { id, ann } = await enter();
  const moderator = await ConsoleSession.join(supervisor, id);
  await waitFor('the moderator', () => told(ann)?.people.some(({ name, part }) => name === 'supervisor' && part === 'moderator'), { seconds });
  await assert.rejects(ann.call('session.freeze'), /not for a typist/);
  ann.type('i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "tick $i"; sleep 0.1; done\r');
  await waitFor('output', () => /tick 3\b/.test(ann.screen), { seconds });
  await moderator.call('session.freeze');
  await waitFor('everybody to be told', () => state(ann).frozen === 'moderator' && state(ann).frozen_by === 'supervisor', { seconds });
  const seen = ann.screen.length;
  ann.type('echo froz""en input\r');
  await assert.rejects(ann.call('diagnose.run', { name: 'sheet' }), /frozen/);
  await waitFor('output to go on', () => /tick \d/.test(ann.screen.slice(seen)), { seconds });
  await moderator.call('session.thaw');
  await waitFor('the loop to end', () => /tick 60\b/.test(ann.screen), { seconds });
  await ann.command('echo on a""gain', /on again/);
  assert.ok(!/frozen input/.test(ann.screen));
  await moderator.call('session.end');
  await waitReport(engineer, ticket, id);
  assert.equal((await engineer.get(`/sessions/${id}`)).why, 'ended_by_moderator');
  assert.ok((await verify(id)).ok);
}));

test('promise_42: of a watcher nothing reaches the product, by any message', stack.guard(async () => {
  const { id, ann } = await enter();
  const watcher = await ConsoleSession.join(support, id);
  const methods = ['terminal.open', 'terminal.resize', 'terminal.close', 'terminal.typist', 'diagnose.run', 'observe.start', 'configure.set',
    'file.put', 'forward.open', 'screen.open', 'stream.close', 'notice.show', 'session.freeze', 'session.thaw', 'session.offer', 'session.take', 'session.end'];
  for (const method of methods) await assert.rejects(watcher.call(method, { cols: 80, rows: 24, name: 'sheet', stream: 1, to: 'support', text: 'x' }), /.*/, method);
  watcher.type('echo intru""der\r');
  await ann.command('echo aft""er', /after/);
  assert.ok(!/intruder/.test(ann.screen));
  await ann.call('session.end');
  await waitReport(engineer, ticket, id);
  assert.deepEqual((await frames(id)).filter(({ dir, by }) => dir === 'down' && by === 'support'), []);
}));

test('a guest by a link: one person, what it says, until it is withdrawn', stack.guard(async () => {
  const { id, ann } = await enter();
  for (const [body, why] of [
    [{ name: '', may: ['call'] }, /name/],
    [{ name: 'Li', may: [] }, /may/],
    [{ name: 'Li', may: ['type'] }, /may/],
    [{ name: 'Li', may: ['call'], minutes: 100_000 }, /minutes/],
    [{ name: '<b>', may: ['call'] }, /name/],
  ])
    await assert.rejects(engineer.post(`/sessions/${id}/invites`, body), why);
  await assert.rejects(bob.post(`/sessions/${id}/invites`, { name: 'Li', may: ['call'] }), /only engineer or a supervisor/);
  const invite = await engineer.post(`/sessions/${id}/invites`, { name: 'Li', minutes: 10, may: ['call', 'chat'] });
  await waitAudit(supervisor, 'session.invite', ({ object, detail }) => object === `session/${id}` && /guest Li/.test(detail));
  const { entry, session } = await come(invite);
  assert.deepEqual(entry.may, ['call', 'chat']);
  await assert.rejects(come(invite), /403/, 'a copy of the link opens nothing');
  await waitFor('the guest to be there', () => told(ann)?.people.some(({ name, part }) => name === 'guest Li' && part === 'guest'), { seconds });
  await ann.command('echo not for gu""ests', /not for guests/);
  await session.call('chat.say', { text: 'hello' });
  await waitFor('the word', () => ann.of('chat.said').some(({ by }) => by === 'guest Li'), { seconds });
  session.type('echo intru""der\r');
  await assert.rejects(session.call('terminal.resize', { cols: 80, rows: 24 }), /keyboard/);
  await assert.rejects(session.call('session.take'), /not for a guest/);
  const joined = await session.call('call.join', { media: ['audio'] });
  assert.deepEqual(joined.people, []);
  assert.deepEqual(joined.ice_servers.map(({ urls }) => urls), [[`stun:127.0.0.1:${turnPort}`], [`turn:127.0.0.1:${turnPort}`]]);
  assert.match(joined.ice_servers[1].username, /^\d+:guest Li$/);
  assert.equal(session.screen, '', 'he was not invited to watch');
  const again = await come(invite, entry.seat);
  assert.equal((await session.closed).reason, 'replaced', 'the same person in another window takes over');
  await engineer.post(`/sessions/${id}/invites/revoke`, { invite: invite.id });
  assert.equal((await again.session.closed).reason, 'revoked');
  await assert.rejects(come(invite, entry.seat), /403/);
  const states = (await engineer.get(`/sessions/${id}/invites`)).items.map((one) => one.state);
  assert.deepEqual(states, ['revoked']);
  await assert.rejects(engineer.post(`/sessions/${id}/invites/revoke`, { invite: invite.id }), /404/);
  await ann.call('session.end');
  await waitReport(engineer, ticket, id);
  await assert.rejects(engineer.post(`/sessions/${id}/invites`, { name: 'Li', may: ['call'] }), /not live/);
  const recorded = (await frames(id)).map(({ data }) => data).filter(Boolean);
  const of = (method) => recorded.filter((one) => one.method === method).map(({ params }) => params);
  assert.deepEqual(of('call.started'), [{ by: 'guest Li', media: ['audio'] }]);
  assert.equal(of('call.left')[0].by, 'guest Li');
  assert.ok(!JSON.stringify(recorded).includes(joined.ice_servers[1].credential), 'no password is in the record');
  assert.ok((await verify(id)).ok);
}));

test('a ticket is for one session, and no right comes without naming it', stack.guard(async () => {
  const { id, ann } = await enter();
  const { ticket: unnamed } = await bob.post('/ws-tickets');
  const plain = new ConsoleSession(await bob.socket(`/sessions/${id}/ws`, 'fieldline.session.1', { ticket: unnamed }));
  await waitFor('bob', () => told(ann)?.people.some(({ name, may_type }) => name === 'bob' && may_type === false), { seconds });
  await plain.leave();
  const gone = '00000000-0000-4000-8000-000000000000';
  await assert.rejects(bob.post('/ws-tickets', { session: gone }), /404/);
  await ann.call('session.end');
  await waitReport(engineer, ticket, id);
  const next = await enter();
  const { ticket: old } = await bob.post('/ws-tickets', { session: id });
  await assert.rejects(bob.socket(`/sessions/${next.id}/ws`, 'fieldline.session.1', { ticket: old }), /403/);
  await next.ann.call('session.end');
  await waitReport(engineer, ticket, next.id);
}));

/** The example of deploy/coturn with this machine's answers; the relayed peer is this machine, too. */
test('promise_35_a_kill_switch_on_a_person: he is put out of what he has joined and gets no other ticket', stack.guard(async () => {
  const { id, ann } = await enter();
  const other = await ConsoleSession.join(bob, id);
  await waitFor('bob to be in', () => told(ann)?.people.length === 2, { seconds });
  await waitAudit(supervisor, 'session.watch', ({ who, object }) => who === 'bob' && object.endsWith(id));
  const kill = await supervisor.post('/kill', { scope: 'user', target: 'bob', reason: 'his laptop was stolen' });
  assert.match((await other.closed).reason, /right_lost/);
  await assert.rejects(ConsoleSession.join(bob, id), /kill switch/);
  await supervisor.post(`/kill/${kill.id}/lift`, {});
  await waitFor('bob to be gone', () => told(ann)?.people.length === 1, { seconds });
  await ann.call('session.end');
  await waitReport(engineer, ticket, id);
}));

async function startTurn() {
  const answers = {
    'listening-port=3478': `listening-port=${turnPort}\nlistening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nallow-loopback-peers\nno-tls\nno-dtls`,
    'tls-listening-port=5349': '',
    'static-auth-secret=SECRET': 'static-auth-secret=north',
    'realm=HOST': 'realm=localhost',
    'denied-peer-ip=127.0.0.0-127.255.255.255': '',
  };
  const example = await readFile(stack.place.source('deploy/coturn/turnserver.conf.example'), 'utf8');
  const lines = example.split('\n').filter((line) => !/^(cert|pkey)=/.test(line));
  for (const line of Object.keys(answers)) assert.ok(lines.includes(line), `the example has ${line}`);
  const config = stack.place.path('turnserver.conf');
  await writeFile(config, lines.map((line) => answers[line] ?? line).join('\n'));
  const words = ['-c', config, '--log-file', 'stdout', '--pidfile', stack.place.path('turn.pid'), '--userdb', stack.place.path('turn.db')];
  const turn = new Process('turnserver', 'turnserver', words, { log: stack.place.path('turn.log') });
  // It keeps what it says in a buffer, so the kernel is asked.
  const socket = `0100007F:${turnPort.toString(16).toUpperCase().padStart(4, '0')} `;
  await waitFor('coturn to listen', async () => (await readFile('/proc/net/udp', 'utf8')).includes(socket), { seconds, seen: () => turn.tail() });
  return turn;
}

test('coturn, configured as its example says, takes the password that a browser in the call gets, and no other', stack.guard(async () => {
  const { id, ann } = await enter();
  const { ice_servers: servers } = await ann.call('call.join', { media: ['audio'] });
  const { username, credential } = servers[1];
  const turn = await startTurn();
  try {
    const send = (password) =>
      run('turnutils_uclient', ['-u', username, '-w', password, '-p', String(turnPort), '-n', '1', '-m', '1', '-y', '-c', '127.0.0.1'], { allowFailure: true });
    const right = await send(credential);
    assert.equal(right.code, 0, right.stdout + right.stderr);
    const wrong = await send('wrong');
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stdout + wrong.stderr, /Cannot complete Allocation|401|Unauthorized/i);
  } finally {
    await turn.stop();
  }
  await ann.call('session.end');
  await waitReport(engineer, ticket, id);
}));
