// Whatever call of an agent's disk fails, once, at whatever moment of a short life (start, introduction, a log line, a fault
// code, orderly end): the agent does not crash, and each record arrives or is told as missing. The Nth call fails, for N = 1,
// 2, 3, ... until a life goes by without reaching it. (The gateway's sweep runs in process: tests/unit/gateway/nth_failure.c.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Disk, EIO, ENOSPC, checkWhole } from './faults.mjs';
import { Firmware } from './firmware.mjs';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const CALLS_LEAST = 12; // a life has more than that
const stack = await TestStack.start('nth');
const disk = await Disk.below(stack.place.path('machine-n/data'), stack.place, 'agent');
const machine = await Firmware.on(stack, 'machine-n', { env: disk.env, agent: { batch: { max_wait: '20ms' }, broker: { backoff_min: '100ms', backoff_max: '1s' } } });
const { product } = machine;
const of = (columns, table) => stack.rows(`SELECT ${columns} FROM ${table} JOIN device ON device.id = ${table}.device WHERE device.device = 'machine-n'`);
const told = async () => (await of('coalesce(sum(gap_count), 0) AS n', 'event'))[0].n;
const lines = async () => (await of('line', 'log')).map(({ line }) => line).filter((line) => line.startsWith('life '));
const faults = async () => (await of('line', 'event')).map(({ line }) => line.replace(/^T01: /, '')).filter((line) => line.startsWith('fault '));

/** Starts it; one that ends because its disk failed has to say so, and is started again as its service manager would. */
async function start() {
  await product.startAgent();
  const isUp = await machine.waitListening().then(() => true, (error) => {
    if (product.process.isRunning) throw error;
    return false;
  });
  if (isUp) return 0;
  assert.equal(product.process.end.signal, null, `it crashed: ${await product.process.tail()}`);
  assert.notEqual(product.process.end.code, 0);
  assert.match(await product.process.tail(3), /cannot|why=|reason=/, 'it says why');
  await product.startAgent();
  await machine.waitListening();
  return 1;
}

/** A life in which call `nth` fails; false: it has fewer. `what`: the names of its records. */
async function live(nth, error, what) {
  const before = await told();
  await disk.set('nthFails', nth, error);
  const ended = await start();
  machine.fault('T01', nth % 2 === 1 ? 'set' : 'clear', `fault ${what}`);
  machine.log(6, 'radio', `life ${what}`);
  await waitFor(`life ${what}: its records, or word that they are missing`, async () => {
    const missing = ((await lines()).includes(`life ${what}`) ? 0 : 1) + ((await faults()).includes(`fault ${what}`) ? 0 : 1);
    return (await told()) - before >= missing;
  }, { seconds: 30 * SLOW, every: 30, seen: async () => `${JSON.stringify(await disk.figures())} ${await product.process.tail(5)}` });
  const end = await product.process.stop();
  assert.equal(end.signal, null, `it crashed: ${JSON.stringify(end)}`);
  return { isOver: (await disk.figures()).refused === 0, ended };
}

test('promise_6_any call of the agent\'s disk may fail once', stack.guard(async () => {
  await waitFor('its introduction', async () => (await stack.count("SELECT count(*) FROM device WHERE device = 'machine-n'")) === 1, { seconds: 30 * SLOW });
  await product.process.stop();
  let lives = 0;
  let refused = 0;
  for (const [name, error] of [['io', EIO], ['full', ENOSPC]]) {
    let nth = 1;
    for (; ; nth++, lives++) {
      const { isOver, ended } = await live(nth, error, `${name} ${nth}`);
      refused += ended;
      if (isOver) break;
    }
    assert.ok(nth > CALLS_LEAST, `${nth} calls are too few for a life`);
  }
  lives += 2; // those in which nothing failed
  const kept = [...(await lines()), ...(await faults())];
  const missing = 2 * lives - new Set(kept).size;
  console.log(`nth failure of the agent's disk: lives ${lives}, ended at once ${refused}, records ${2 * lives}, missing ${missing}, told as missing ${await told()}, doubled ${kept.length - new Set(kept).size}`);
  assert.equal(kept.length, new Set(kept).size, 'no record twice');
  assert.ok((await told()) >= missing, 'whatever is missing was told');
  assert.ok((await told()) <= missing + lives, 'told are those, and introductions');
  await checkWhole(stack);
}));
