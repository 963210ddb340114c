// A device, or the network before it, that delivers things twice and in a wrong order: each record is stored once. Of a
// hundred messages ten are sent twice, two are swapped with the next, ten come again much later; and the link breaks at times.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chance, checkWhole, settle } from './faults.mjs';
import { SLOW, TestStack } from './stack.mjs';
import { WireDevice } from './wire_device.mjs';

const MESSAGES = 800;
const random = chance();

class Stutterer extends WireDevice {
  repeated = 0;
  swapped = 0;
  #kept = []; // sent before, to be sent again
  #held; // waits for the next one to go first

  put(...message) {
    const dice = random();
    if (dice < 0.1) {
      super.put(...message);
      this.#again(message);
    } else if (dice < 0.12 && !this.#held) {
      this.#held = message;
      this.swapped += 1;
      return;
    } else if (dice < 0.3 && this.#kept.length > 0) {
      this.#again(random.pick(this.#kept));
      super.put(...message);
    } else super.put(...message);
    if (this.#held) super.put(...this.#held);
    this.#held = undefined;
    this.#kept.push(message);
    if (this.#kept.length > 200) this.#kept.shift();
  }

  #again(message) {
    super.put(...message);
    this.repeated += 1;
  }
}

const stack = await TestStack.start('repeats');

test('promise_3_repeats_are_stored_once', stack.guard(async () => {
  const devices = await Promise.all(['twice-1', 'twice-2'].map((id) => stack.wireDevice(id, { as: Stutterer, stallMs: 250 })));
  const begun = Date.now() - 3600e3;
  for (let n = 0; n < MESSAGES; n++) {
    for (const device of devices) {
      if (n % 9 === 4) device.logs([`line ${n}`]);
      else device.tele([0, 1, 2].map((s) => ['level', begun + (n * 3 + s) * 100, n]));
      if (n % 50 === 25) device.fault('T01', n % 100 === 25, `step ${n}`);
      if (random() < 0.006) device.client.stream.destroy(); // comes back and says everything unacknowledged again
    }
    if (n % 10 === 0) await sleep(4);
  }
  await Promise.all(devices.map((device) => device.drained(60 * SLOW)));
  const repeats = await stack.gateway.figure('repeated_messages_total');
  const { records } = await settle(stack, 'stutterers', devices, {
    messages: 2 * MESSAGES, repeated: devices[0].repeated + devices[1].repeated, swapped: devices[0].swapped + devices[1].swapped, reconnects: devices[0].resends + devices[1].resends,
  });
  const messages = devices.reduce((sum, { lanes }) => sum + lanes.bulk.messages.length + lanes.urgent.messages.length, 0);
  assert.ok(devices[0].repeated + devices[1].repeated > messages * 0.1, 'at least one in ten was repeated');
  assert.ok(repeats >= messages * 0.05, `the gateway saw ${repeats} repeats`);
  assert.ok(records > 2 * MESSAGES);
  assert.equal(await stack.count("SELECT count(*) FROM ticket JOIN device ON device.id = ticket.device WHERE device.device = 'twice-1'"), 1, 'one ticket');
  await checkWhole(stack);
}));
