// Sessions opened and closed again and again: nothing of them stays, in the gateway and in the agent. SOAK=1000 node --test
// tests/integration/session_soak.test.mjs is the whole of it; as a part of all tests it is shorter.
import assert from 'node:assert/strict';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { test } from 'node:test';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { Firmware } from './firmware.mjs';
import { ask, openTicket, sessionProcesses, waitState } from './service.mjs';
import { MODE, SLOW, TestStack, waitFor } from './stack.mjs';

const CYCLES = readCycles(process.env.SOAK);
const FDS_MORE = 4; // of all cycles together: a connection that is kept alive, a reader that opens the store when it is first needed
const WARM = Math.min(20, CYCLES >> 1); // first things are allocated once: caches, arenas, prepared statements
const THREADS_MORE = 2; // a pool may take its last thread when it first has work; one a session would be many more
const KIB_EACH = 16; // memory that a session may seem to keep in so few, apart from the store's: the heap is not that exact; SOAK=1000 says more
const CACHES = 3; // a page of the store may be in the cache of its writer and of two readers. They have limits, and they are what grows

function readCycles(text = '60') {
  const cycles = Number(text);
  if (Number.isInteger(cycles) && cycles >= 4 && cycles <= 100000) return cycles;
  throw new Error(`SOAK is '${text}': expected a number of cycles from 4 to 100000`);
}

/** What a process has: descriptors by kind, threads, children, terminals, memory. */
async function holdings(pid) {
  const fds = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => 'gone')));
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const tasks = await readdir(`/proc/${pid}/task`);
  const children = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')));
  return {
    fds: targets.length,
    terminals: targets.filter((target) => /\/dev\/(ptmx|pts)/.test(target)).length,
    threads: tasks.length,
    children: children.join(' ').trim().split(/\s+/).filter(Boolean).length,
    kib: Number(/^RssAnon:\s+(\d+)/m.exec(status)[1]),
    names: targets.sort(),
  };
}

/** KiB a cycle: the slope of the straight line through [cycle, KiB] that is steadiest against single steps (Theil and Sen). */
function slope(points) {
  const slopes = [];
  for (let i = 0; i < points.length; i++) for (let j = i + 1; j < points.length; j++) slopes.push((points[j][1] - points[i][1]) / (points[j][0] - points[i][0]));
  return slopes.sort((a, b) => a - b)[slopes.length >> 1];
}

/** KiB of the store's file. */
const storeKib = async () => Object.values((await stack.rows('SELECT page_count * page_size / 1024 AS kib FROM pragma_page_count, pragma_page_size'))[0])[0];

const stack = await TestStack.start('session_soak');
const support = await stack.as('support');
const engineer = await stack.as('engineer');
const { product } = await Firmware.on(stack, 'product-1', { owner: 'hook' });
await product.answers([]);
await product.waitOnline(support, 20 * SLOW);
const ticket = await openTicket(support, engineer, product.id);
const parts = { gateway: stack.gateway.process.pid, agent: product.process.pid };

async function cycle() {
  const { id } = await ask(engineer, ticket, ['shell']);
  await waitState(engineer, id, ['live']);
  const session = await ConsoleSession.join(engineer, id);
  await session.call('terminal.open', { cols: 80, rows: 24, term: 'xterm' });
  session.type('echo o""k\r');
  await waitFor('the shell', () => session.screen.includes('ok\r\n'), { seconds: 15 * SLOW, every: 10 });
  await engineer.post(`/sessions/${id}/end`, {});
  await waitFor(`session ${id} to end`, async () => (await engineer.get(`/sessions/${id}`)).state === 'ended', { seconds: 15 * SLOW, every: 10 });
  await session.closed;
  return id;
}

/** Until nothing of a session is left of either: what ends a little later than the session is waited for, once. */
async function settled(before) {
  let now;
  await waitFor('descriptors, children and threads as before', async () => {
    now = Object.fromEntries(await Promise.all(Object.entries(parts).map(async ([name, pid]) => [name, await holdings(pid)])));
    return Object.keys(parts).every((name) => now[name].fds <= before[name].fds + FDS_MORE
      && ['terminals', 'children'].every((what) => now[name][what] <= before[name][what])
      && now[name].threads <= before[name].threads + THREADS_MORE);
  }, { seconds: 20 * SLOW, seen: () => Object.keys(parts).map((name) => `${name}: ${JSON.stringify({ ...now[name], names: undefined })} was ${JSON.stringify({ ...before[name], names: undefined })}; more: ${now[name].names.filter((target) => !before[name].names.includes(target))}`).join('; ') });
  return now;
}

test(`promise_46_${CYCLES}_sessions_leave_no_descriptor_process_terminal_or_memory`, stack.guard(async (t) => {
  for (let i = 0; i < WARM; i++) await cycle();
  await waitFor('the last session process to be gone', async () => (await sessionProcesses(product)).length === 0, { seconds: 15 * SLOW });
  const before = Object.fromEntries(await Promise.all(Object.entries(parts).map(async ([name, pid]) => [name, await holdings(pid)])));
  const stored = await storeKib();
  const memory = { gateway: [], agent: [] };
  const every = Math.max(1, Math.floor((CYCLES - WARM) / 40));
  let last;
  for (let i = WARM; i < CYCLES; i++) {
    last = await cycle();
    if (i % every !== 0) continue;
    for (const [name, pid] of Object.entries(parts)) memory[name].push([i, (await holdings(pid)).kib]);
  }
  await waitFor('the last session process to be gone', async () => (await sessionProcesses(product)).length === 0, { seconds: 15 * SLOW });
  const after = await settled(before);
  assert.equal((await engineer.get(`/sessions/${last}`)).complete, true, 'the last one is as whole as the first');
  const cached = { gateway: (CACHES * ((await storeKib()) - stored)) / (CYCLES - WARM), agent: 0 };
  for (const name of Object.keys(parts)) {
    const each = slope(memory[name]);
    t.diagnostic(`${name}: ${before[name].kib} KiB, then ${after[name].kib} KiB; ${each.toFixed(2)} KiB a session, of which the store's caches may be ${cached[name].toFixed(2)}; ${after[name].fds} descriptors, ${after[name].threads} threads`);
    // A sanitizer keeps what was freed for a while: its memory grows, and its own leak check judges at the end.
    if (MODE === 'release' || MODE === 'debug') assert.ok(each < KIB_EACH + cached[name], `${name}: ${each.toFixed(2)} KiB a session: ${JSON.stringify(memory[name])}`);
  }
}));
