// The gateway's own clock jumps a day forward, and back, while devices send, and again while it is down: nothing is lost or
// doubled, no alarm comes of it, nothing stalls. (Jumps of the products' clocks: the agent's and the guard's tests.)
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { account, checkWhole, samplesOf } from './faults.mjs';
import { MODE, SLOW, TestStack, waitFor } from './stack.mjs';

const LIBRARY = ['x86_64-linux-gnu', 'aarch64-linux-gnu', 'arm-linux-gnueabihf'].map((cpu) => `/usr/lib/${cpu}/faketime/libfaketimeMT.so.1`).find(existsSync);
const skip = MODE !== 'release' ? 'a sanitizer wants to be loaded first' : LIBRARY ? false : 'libfaketime is not installed';
const DAY_S = 24 * 3600;

const stack = skip ? undefined : await TestStack.start('clock');
const file = stack?.place.path('gateway.clock');
/** Seconds before or behind the true time. */
const setClock = (offset) => writeFile(file, `${offset < 0 ? '' : '+'}${offset}\n`);

test('promise_12_the gateway\'s clock jumps a day', { skip }, stack?.guard(async () => {
  await setClock(0);
  await stack.gateway.process.stop(20);
  stack.gateway.env = { LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1' };
  await stack.gateway.start();
  const device = await stack.wireDevice('steady-1', { stallMs: 300 });
  await device.drained(30 * SLOW);
  const values = [];
  const lines = [];
  const go = async (seconds) => {
    for (let i = 0; i < 20; i++) {
      const n = values.length;
      device.tele([['level', Date.now(), n], ['other', Date.now(), 100]]);
      values.push(n);
      if (n % 5 === 0) lines.push(device.logs([`line ${n}`]));
      await sleep(10); // as devices do, one after the other
    }
    await device.drained(seconds * SLOW);
  };
  await go(20);
  for (const offset of [-DAY_S, 0, DAY_S, 0]) {
    await setClock(offset);
    await go(30);
  }
  for (const offset of [DAY_S, 0]) { // while it is down
    await stack.killGateway();
    await setClock(offset);
    await stack.gateway.start();
    await go(30);
  }
  const series = await samplesOf(stack.place, `${stack.gateway.dataDir}/gateway.db`);
  const { lost, doubled, strange } = account(values, (series.get('steady-1 level -') ?? []).map(([, value]) => value));
  console.log(`gateway's clock: jumps 6, samples ${values.length}, lost ${lost.length}, doubled ${doubled.length}, log lines ${lines.length}`);
  assert.deepEqual({ lost, doubled, strange }, { lost: [], doubled: [], strange: [] });
  assert.equal(await stack.count("SELECT count(*) FROM log WHERE line LIKE 'line %'"), lines.length);
  assert.equal(await stack.count('SELECT count(*) FROM alarm'), 0, 'no alarm comes of a jump');
  const client = await stack.as('support');
  await waitFor('it to be shown as online', async () => (await client.get('/devices/steady-1')).online, { seconds: 15 * SLOW });
  await checkWhole(stack);
}));
