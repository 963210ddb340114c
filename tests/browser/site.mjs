// A site of real parts for the browser: broker, gateway, and one product that measures, says something, and has a fault.
import { readFile, writeFile } from 'node:fs/promises';
import { TestStack, waitFor } from '../integration/stack.mjs';
import { Firmware } from '../integration/firmware.mjs';

const PASSWORD = 'a password for browsers only';
const PRODUCT = 'machine-1';

export async function startSite() {
  const stack = await TestStack.start('browser');
  try {
    return await furnish(stack);
  } catch (error) {
    await stack.stop(); // a failure outside of any test leaves nothing running
    throw error;
  }
}

async function furnish(stack) {
  await stack.gateway.addUser('ann', 'engineer', PASSWORD);
  await stack.gateway.addUser('sun', 'supervisor', PASSWORD);
  await stack.gateway.addUser('bob', 'engineer', PASSWORD);
  await waitFor('the gateway to be at the broker', async () => /mqtt connected/.test(await stack.gateway.process.tail(50)), {
    seconds: 30,
  });
  // The product's display is a file here; its owner is whoever reads it.
  const display = stack.place.path('display');
  await writeFile(`${display}.sh`, `#!/bin/sh\nexec cat >'${display}'\n`, { mode: 0o755 });
  const firmware = await Firmware.on(stack, PRODUCT, {
    agent: { session: { consent: 'code', code_show: `${display}.sh` } },
    diagnostics: { sheet: "/bin/echo 'all is well'" },
  });
  let level = 0;
  const timer = setInterval(() => firmware.gauge('level', 400 + (level++ % 50)), 250);
  timer.unref();
  firmware.log(4, 'pump', 'bearing squeals');
  firmware.fault('T01', 'set', 'pump blocked');
  const client = await stack.gateway.login('ann', PASSWORD);
  await waitFor('a ticket', async () => (await client.get(`/tickets?device=${PRODUCT}`)).items.length > 0, {
    seconds: 30,
    seen: async () => `${await stack.gateway.process.tail()}\n${await firmware.product.process.tail()}`,
  });
  client.close();
  const code = () => waitFor('a code on the display', async () => (await readFile(display, 'utf8')).trim(), { seconds: 30 });
  return {
    url: stack.gateway.origin,
    user: 'ann',
    password: PASSWORD,
    watcher: { user: 'sun', password: PASSWORD },
    colleague: { user: 'bob', password: PASSWORD },
    stack,
    device: PRODUCT,
    code,
  };
}
