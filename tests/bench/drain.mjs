// A real agent that was offline: it fills its spool itself (its broker's port is closed, its statsd socket is fed quickly), ends, and
// starts again with a broker. From the first sample in the store to the last of the spool; what the gateway has is asked for all the time.
import { readFile, writeFile } from 'node:fs/promises';
import { freePort } from '../../deploy/demo/ports.mjs';
import { run, waitFor } from '../../deploy/demo/process.mjs';

const SERIES = 1000;
const RATE = 10000; // samples a second: each series in each flush, ten a second
const POLL_MS = 5;
const QUIET_MS = 3000; // nothing more comes: all of it is there

/** name -> value of /metrics over one connection: a new one each time would cost more than what is measured. */
async function reader(gateway) {
  const client = await gateway.client();
  return {
    read: async () => {
      const text = (await client.raw('GET', '/metrics')).body.toString();
      return (name) => Number(new RegExp(`^fieldline_${name} (\\S+)`, 'm').exec(text)[1]);
    },
    close: () => client.close(),
  };
}

async function fillSpool(bench, seconds) {
  const product = await bench.stack.addProduct({
    id: 'bench-drain',
    model: 'linux-gateway',
    agent: { broker: { port: await freePort() }, statsd: { flush: '100ms' } },
  });
  await product.startAgent();
  const feed = bench.stack.place.program('bench-feed');
  await waitFor('the agent to listen', () => run(feed, ['unix', product.statsdSocket, 'tags', '1', '1', '1']), { seconds: 10 });
  await run(feed, ['unix', product.statsdSocket, 'tags', String(SERIES), String(RATE), String(seconds)]);
  await product.process.stop();
  return product;
}

export async function drainFigures(print, say, bench) {
  const product = await fillSpool(bench, bench.rounds === 1 ? 8 : 20);
  await bench.startGateway();
  const figures = await reader(bench.stack.gateway);
  const config = await readFile(product.config, 'utf8');
  await writeFile(product.config, config.replace(/^port = .*$/m, `port = ${bench.stack.broker.port}`));
  await product.startAgent();

  let first; // the last look before anything had come
  let last;
  await waitFor('the spool to be drained', async () => {
    const figure = await figures.read();
    const now = { at: performance.now(), samples: figure('samples_total'), messages: figure('messages_total') };
    if (now.samples === 0) first = now;
    if (now.samples > (last?.samples ?? 0)) last = now;
    return last && now.at - last.at > QUIET_MS;
  }, { seconds: 120, every: POLL_MS });
  figures.close();
  const seconds = (last.at - first.at) / 1000;
  const messages = last.messages - first.messages;
  say(`setting: one agent, window 50, batch.max_records 500; ${last.samples} samples in ${messages} messages in ${seconds.toFixed(2)} s`);
  print('agent_drain_messages_per_s', (messages / seconds).toFixed(0), 'messages/s');
  print('agent_drain_samples_per_s', (last.samples / seconds).toFixed(0), 'samples/s');
}
