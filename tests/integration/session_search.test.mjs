// What was shown in a session is found afterwards: as it stood on the screen, at the time when it stood there, by whom it may
// be found; and what people add to its report stays.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { Firmware } from './firmware.mjs';
import { ask, openTicket, waitReport, waitState } from './service.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const stack = await TestStack.start('session_search');
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const owner = await stack.as('owner');
const auditor = await stack.as('auditor');
const { product } = await Firmware.on(stack, 'product-1', { owner: 'hook', diagnostics: { sheet: '/bin/echo the compressor is well' } });
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);

async function talk(...commands) {
  const asked = await ask(engineer, ticket, ['diagnose', 'shell']);
  await waitState(engineer, asked.id, ['live']);
  const session = await ConsoleSession.join(engineer, asked.id);
  session.notify('terminal.open', { cols: 100, rows: 30, term: 'xterm-256color' });
  for (const [command, shown] of commands) await session.command(command, shown);
  await session.call('diagnose.run', { name: 'sheet' });
  await engineer.post(`/sessions/${asked.id}/end`, {});
  await waitReport(engineer, ticket, asked.id);
  return asked.id;
}
const search = (client, words) => client.get(`/sessions/search?${new URLSearchParams(words)}`);
const found = (id, words) => waitFor(`'${words.q}' to be found`, async () => {
  const { items } = await search(engineer, words);
  return items.some(({ session }) => session === id) && items;
}, { seconds: 20 * SLOW });
const text = ({ excerpt }) => excerpt.map((one) => one.text).join('');
const marked = ({ excerpt }) => excerpt.filter(({ hit }) => hit).map((one) => one.text);

const id = await talk(
  ["printf 'com\\033[31mpres\\033[0msor at \\346\\270\\251\\345\\272\\246\\350\\277\\207\\351\\253\\230\\n'; echo first-d''one", /first-done/],
  ['sleep 1; echo la""ter', /later/],
);

test('a word that is coloured in its middle, and Chinese, at the time when it stood there', stack.guard(async () => {
  const [hit] = (await found(id, { q: 'compressor', kind: 'screen' })).filter((one) => /compressor at 温度过高/.test(text(one)));
  assert.ok(hit, 'the line is found as it could be read');
  assert.deepEqual(marked(hit), ['compressor']);
  assert.equal(hit.author, product.id);
  assert.equal(hit.device, product.id);
  assert.equal(hit.ticket, ticket.id);
  const lines = (await engineer.raw('GET', `/api/v1/sessions/${id}/transcript`)).body.toString().trimEnd().split('\n').map((line) => JSON.parse(line));
  const frame = lines.find(({ n }) => n === hit.n);
  assert.equal(frame.t_ms, hit.t_ms);
  assert.equal(frame.ch, 1);
  const [chinese] = (await search(engineer, { q: '温度' })).items;
  assert.equal(chinese.n, hit.n);
  assert.deepEqual(marked(chinese), ['温度']);
  const [later] = (await search(engineer, { q: 'later', kind: 'screen' })).items;
  assert.ok(later.t_ms >= hit.t_ms + 900, `${later.t_ms} after ${hit.t_ms}`);
}));

test('what was typed, by whom; what a diagnostic said', stack.guard(async () => {
  const [typed] = (await search(engineer, { q: 'sleep', author: 'engineer' })).items;
  assert.equal(typed.kind, 'typed');
  assert.match(text(typed), /^sleep 1; echo/);
  const [said] = (await search(engineer, { q: 'compressor well', kind: 'diagnostic' })).items;
  assert.equal(text(said), 'the compressor is well');
  assert.deepEqual((await search(engineer, { q: 'sleep', author: 'nobody' })).items, []);
}));

test('filters and pages', stack.guard(async () => {
  const all = (await search(engineer, { session: id })).items;
  assert.ok(all.length > 4);
  const pages = [];
  for (let after = ''; after !== null;) {
    const page = await search(engineer, { session: id, limit: 2, ...(after && { after }) });
    pages.push(...page.items);
    after = page.next;
  }
  assert.deepEqual(pages.map((one) => one.id), all.map((one) => one.id));
  const [first] = all;
  assert.deepEqual((await search(engineer, { q: 'compressor', to_ms: 1000 })).items, []);
  assert.ok((await search(engineer, { q: 'compressor', device: product.id, from_ms: first.at_ms - 600_000 })).items.length > 0);
  assert.deepEqual((await search(engineer, { q: 'compressor', device: 'product-9' })).items, []);
  for (const bad of [{}, { q: 'x', kind: 'smell' }, { q: 'x', limit: 0 }, { q: 'x', colour: 'red' }]) {
    await assert.rejects(search(engineer, bad), (error) => error.status === 400);
  }
}));

test('who may not read recordings finds nothing; who searches is written down', stack.guard(async () => {
  await assert.rejects(search(owner, { q: 'compressor' }), (error) => error.status === 403);
  assert.ok((await search(auditor, { q: 'compressor' })).items.length > 0);
  await waitFor('the audit log to say so', async () => (await auditor.get('/audit?limit=50')).items.some(({ what, who }) => what === 'session.search' && who === 'auditor'), { seconds: 10 * SLOW });
}));

test('promise 45: what a product prints to attack a reader is no more than text', stack.guard(async () => {
  const bad = await talk(["printf '\\033]52;c;aGFjaw==\\007\\033]0;owned\\007\\033]8;;http://evil.example\\007harmless-link\\033]8;;\\007\\n'; echo d''one", /done/]);
  const hits = await found(bad, { q: 'harmless', kind: 'screen', session: bad });
  const shown = hits.find((one) => /^(. )?harmless/.test(text(one))); // a shell that is slow prints its prompt first
  assert.ok(shown, JSON.stringify(hits.map(text)));
  assert.match(text(shown), /^(. )?harmless-link$/);
  for (const q of ['aGFjaw', 'owned']) assert.deepEqual((await search(engineer, { q, kind: 'screen', session: bad })).items.filter((one) => !text(one).includes('printf')), []);
}));

test('findings: by whom they may be added, into ticket and report, and they stay', stack.guard(async () => {
  const add = (client, words) => client.post(`/sessions/${id}/findings`, { text: words });
  await add(engineer, 'The fan bearing is worn. <b>Replace</b> it.');
  await add(await stack.as('supervisor'), 'Part ordered.');
  for (const [client, words, status] of [[owner, 'x', 403], [support, 'x', 403], [engineer, '  ', 409], [engineer, 'x'.repeat(4001), 400]]) {
    await assert.rejects(add(client, words), (error) => error.status === status, `${words.slice(0, 5)} ${status}`);
  }
  const report = await owner.get(`/sessions/${id}/report`);
  assert.deepEqual(report.findings.map(({ by, text: words }) => [by, words]), [['engineer', 'The fan bearing is worn. <b>Replace</b> it.'], ['supervisor', 'Part ordered.']]);
  assert.match(report.markdown, /sheet/);
  const { events } = await owner.get(`/tickets/${ticket.id}`);
  assert.ok(events.some(({ kind, by, text: words }) => kind === 'report' && by === 'engineer' && /bearing/.test(words)));
  assert.ok(events.some(({ kind, by }) => kind === 'report' && by !== 'engineer'), 'the ticket says that the report is ready');
}));

test('a password on the screen is found by its neighbours, and shown, indexed and reported nowhere', stack.guard(async () => {
  const secret = await talk(["printf 'neighbour-a pass%s=%s neighbour-b\\n' word Zebra$((4000+242)); echo d''one", /done/]);
  const hits = await found(secret, { q: 'neighbour-b', kind: 'screen', session: secret });
  const shown = hits.map(text).find((one) => /^(. )?neighbour-a/.test(one));
  assert.match(shown ?? JSON.stringify(hits.map(text)), /neighbour-a password=\*{9} neighbour-b/);
  for (const q of ['Zebra4242', 'zebra4242', '4242']) assert.deepEqual((await search(engineer, { q, session: secret })).items, [], q);
  await engineer.post(`/sessions/${secret}/findings`, { text: 'The panel shows password: Zebra4242 to everybody.' });
  const report = await engineer.get(`/sessions/${secret}/report`), { events } = await engineer.get(`/tickets/${ticket.id}`);
  assert.match(report.findings[0].text, /password: \*{9} to everybody/);
  assert.doesNotMatch(JSON.stringify([report, events]), /Zebra4242/);
  assert.match((await (await stack.as('supervisor')).raw('GET', `/api/v1/sessions/${secret}/unmasked/cast`)).body.toString(), /Zebra4242/, 'it was on the screen');
}));

test('after a kill before everything was read, the next start reads it', stack.guard(async () => {
  const asked = await ask(engineer, ticket, ['shell']);
  await waitState(engineer, asked.id, ['live']);
  const session = await ConsoleSession.join(engineer, asked.id);
  session.notify('terminal.open', { cols: 80, rows: 24 });
  await session.command('echo unmis""takable', /unmistakable/);
  await stack.killGateway();
  await stack.gateway.start();
  await product.waitOnline(engineer);
  const [hit] = await found(asked.id, { q: 'unmistakable', kind: 'screen' });
  assert.equal(hit.session, asked.id);
}));
