// A link that breaks again and again: the session goes on, no byte is lost or doubled in either direction, the record verifies and
// the product countersigns it. And one that does not come back: ended in time, nothing left running.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { Firmware } from './firmware.mjs';
import { ask, isAlive, openTicket, waitReport, waitState } from './service.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';
import { Wire } from './wire.mjs';

const wire = await Wire.lay();
const stack = await TestStack.start('link', { gateway: { settings: { web: { session_url: `wss://localhost:${wire.port}` }, sessions: { link_grace: '8s' } } } });
wire.target = stack.gateway.ports.session;
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const firmware = await Firmware.on(stack, 'product-1', { owner: 'hook', diagnostics: { sheet: '/bin/echo all is well' } });
const { product } = firmware;
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);
const transcripts = `${stack.gateway.dataDir}/transcripts`;
const verify = async (id) => stack.gateway.verify(`${transcripts}/${id}.cast`, '--key', `${stack.gateway.dataDir}/seal.pub`, '--ca', stack.pki.path('ca.crt'));

async function enter() {
  const asked = await ask(engineer, ticket, ['diagnose', 'shell']);
  await waitState(engineer, asked.id, ['live']);
  const session = await ConsoleSession.join(engineer, asked.id);
  session.notify('terminal.open', { cols: 100, rows: 30, term: 'xterm-256color' });
  const shown = await session.command('echo "shell=$$"; sleep 3599 & echo "child=$!"; echo "d""one"', /done/);
  return { id: asked.id, session, pids: [/shell=(\d+)/.exec(shown)[1], /child=(\d+)/.exec(shown)[1]].map(Number) };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test('promise_37_a_link_that_breaks_twenty_times_loses_and_doubles_nothing', stack.guard(async () => {
  const { id, session } = await enter();
  const cuts = 20;
  const isAway = () => session.of('session.state').at(-1).product_away;
  const back = async () => waitFor('the product to come back', () => !isAway(), { seconds: 10 * SLOW });
  session.type('stty -echo; i=0; while [ $i -lt 40000 ]; do i=$((i+1)); echo "line $i ."; done; echo en""d\r');
  for (let i = 0; i < cuts; i++) {
    await pause(40 + Math.floor(Math.random() * 160));
    const before = wire.made;
    wire.cut();
    await waitFor('the product to be missed', isAway, { seconds: 10 * SLOW });
    if (i % 4 === 0) { // once more, while it shakes hands
      await waitFor('the product to dial', () => wire.made > before, { seconds: 10 * SLOW });
      wire.cut();
    }
    await back();
  }
  await waitFor('the end', () => /end\r\n/.test(session.screen), { seconds: 120 * SLOW });
  const numbers = [...session.screen.matchAll(/line (\d+) \./g)].map(([, n]) => Number(n));
  assert.equal(numbers.length, 40000);
  assert.ok(numbers.every((n, i) => n === i + 1), 'in order, each once');
  // and the other direction: typed while the link is down
  session.type('stty echo; echo rea""dy; cat > /dev/null\r');
  await waitFor('the command', () => /ready/.test(session.screen), { seconds: 10 * SLOW });
  for (let i = 0; i < 10; i++) {
    wire.cut();
    for (let k = 0; k < 20; k++) session.type(`typed ${i * 20 + k} .\r`);
    await waitFor('the product to be missed', isAway, { seconds: 10 * SLOW });
    await back();
  }
  await waitFor('the echo', () => /typed 199 \./.test(session.screen), { seconds: 20 * SLOW });
  const typed = [...session.screen.matchAll(/typed (\d+) \./g)].map(([, n]) => Number(n));
  assert.deepEqual(typed, Array.from({ length: 200 }, (_, i) => i));
  session.type('\x04');
  assert.equal((await session.call('diagnose.run', { name: 'sheet' })).exit, 0);
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
  const row = await engineer.get(`/sessions/${id}`);
  assert.equal(row.countersigned, true);
  assert.equal(row.complete, true);
  const verdict = await verify(id);
  assert.ok(verdict.ok, verdict.text);
}));

test('promise_37_a_link_that_does_not_come_back_ends_the_session_at_both_ends_in_time', stack.guard(async () => {
  const { id, session, pids } = await enter();
  wire.isDown = true;
  wire.cut();
  await waitFor('people to be told', () => session.of('session.state').some(({ product_away: away }) => away), { seconds: 5 * SLOW });
  assert.ok((await Promise.all(pids.map(isAlive))).every(Boolean), 'it is given time');
  await waitReport(engineer, ticket, id, 30);
  await waitFor('nothing to be left', async () => !(await Promise.all(pids.map(isAlive))).some(Boolean), { seconds: 15 * SLOW });
  wire.isDown = false;
  const row = await engineer.get(`/sessions/${id}`);
  assert.equal(row.why, 'agent_gone');
  assert.equal(row.complete, false);
  assert.ok((await verify(id)).ok);
  const frames = (await engineer.raw('GET', `/api/v1/sessions/${id}/transcript`)).body.toString().trimEnd().split('\n').map((line) => JSON.parse(line));
  const notes = frames.filter(({ data }) => data?.method === 'session.away');
  assert.equal(notes.length, 1, 'that it went away is in the record');
  const [hole, ...others] = frames.filter(({ data }) => data?.method === 'transcript.hole').map(({ data }) => data.params);
  assert.deepEqual(others, []);
  assert.ok(hole.to_ms > hole.from_ms, JSON.stringify(hole));
  const { markdown } = await engineer.get(`/sessions/${id}/report`);
  assert.match(markdown, /## Holes in the recording[^]*link to the product was lost/);
}));

test('an end that is asked for while the product is away is carried out when it is back', stack.guard(async () => {
  const { id, pids } = await enter();
  wire.cut();
  await engineer.post(`/sessions/${id}/end`, {});
  await waitReport(engineer, ticket, id);
  const row = await engineer.get(`/sessions/${id}`);
  assert.equal(row.why, 'ended_by_engineer');
  assert.equal(row.countersigned, true);
  await waitFor('nothing to be left', async () => !(await Promise.all(pids.map(isAlive))).some(Boolean), { seconds: 15 * SLOW });
  assert.ok((await verify(id)).ok);
}));
