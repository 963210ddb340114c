// A device that says the same thing thousands of times a second, in a thread of its own so that it slows nobody else in the
// test down. Runs until it is terminated.
import { readFile } from 'node:fs/promises';
import { workerData } from 'node:worker_threads';
import mqtt from 'mqtt';

const { port, files, topic, payload, userProperties, perSecond } = workerData;
const [ca, cert, key] = await Promise.all(files.map((path) => readFile(path)));
const client = await mqtt.connectAsync({ protocol: 'mqtts', host: 'localhost', port, ca, cert, key, protocolVersion: 5, clean: true, clientId: 'flooder' });
let sent = 0;
const begun = performance.now();
setInterval(() => {
  for (; sent < ((performance.now() - begun) * perSecond) / 1000 && !client.stream.writableNeedDrain; sent++) {
    client.publish(topic, payload, { qos: 0, properties: { userProperties } });
  }
}, 5);
