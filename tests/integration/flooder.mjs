// A device that says the same thing as fast as it can, in a thread of its own so that it slows nobody else in the test down.
// Runs until it is terminated.
import { readFile } from 'node:fs/promises';
import { workerData } from 'node:worker_threads';
import mqtt from 'mqtt';

const { port, files, topic, payload, userProperties } = workerData;
const [ca, cert, key] = await Promise.all(files.map((path) => readFile(path)));
const client = await mqtt.connectAsync({ protocol: 'mqtts', host: 'localhost', port, ca, cert, key, protocolVersion: 5, clean: true, clientId: 'flooder' });
for (;;) {
  for (let i = 0; i < 200; i++) client.publish(topic, payload, { qos: 0, properties: { userProperties } });
  await new Promise((done) => (client.stream.writableNeedDrain ? client.stream.once('drain', () => setImmediate(done)) : setImmediate(done)));
}
