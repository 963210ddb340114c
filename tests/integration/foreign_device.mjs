// Devices without our agent, as their owners have them: existing public clients (sparkplug-client of Eclipse Tahu, mqtt.js)
// on the broker's second listener, with a password each.
import mqtt from 'mqtt';
import sparkplug from 'sparkplug-client';

export const PASSWORD = 'a password of a device';

/** A plain MQTT client that says what it is told to. */
export class ForeignDevice {
  static async connect(stack, user, options = {}) {
    const device = new ForeignDevice();
    device.ca = await stack.pki.read('ca.crt');
    device.client = await mqtt.connectAsync({
      protocol: 'mqtts', host: 'localhost', port: stack.broker.foreignPort, ca: device.ca, username: user, password: PASSWORD,
      clientId: `foreign-${user}-${Math.random().toString(16).slice(2)}`, protocolVersion: 5, ...options,
    });
    device.heard = [];
    device.client.on('message', (topic, payload, packet) => device.heard.push({ topic, text: payload.toString(), retain: packet.retain }));
    return device;
  }

  say(topic, value, options = {}) {
    const payload = Buffer.isBuffer(value) || typeof value === 'string' ? value : JSON.stringify(value);
    return this.client.publishAsync(topic, payload, { qos: 1, ...options });
  }

  listen(topic) {
    return this.client.subscribeAsync(topic, { qos: 1 });
  }

  /** Leaves without goodbye, so that the broker says its Will. */
  vanish() {
    this.client.options.reconnectPeriod = 0;
    this.client.stream.destroy();
    return this.client.endAsync(true);
  }

  close() {
    return this.client.endAsync(true);
  }
}

/** An edge node with one device, on Eclipse Tahu's client. Answers requests for a birth, if it is willing. */
export class SparkplugNode {
  static async connect(stack, group, node, { device = 'Room 1', aliases = true } = {}) {
    const self = new SparkplugNode();
    Object.assign(self, { group, node, device, aliases, births: 0, willing: true });
    const ca = await stack.pki.read('ca.crt');
    self.client = sparkplug.newClient({
      serverUrl: `mqtts://localhost:${stack.broker.foreignPort}`, username: node, password: PASSWORD, groupId: group, edgeNode: node,
      clientId: `sparkplug-${node}`, version: 'spBv1.0', mqttOptions: { ca, protocolVersion: 4, reconnectPeriod: 500 },
    });
    self.client.on('error', (error) => { self.lastError = error; });
    self.client.on('birth', () => self.birth());
    self.client.on('ncmd', (payload) => {
      const asked = payload.metrics?.some(({ name, value }) => name === 'Node Control/Rebirth' && value);
      if (asked) self.asked = (self.asked ?? 0) + 1;
      if (asked && self.willing) self.birth();
    });
    return self;
  }

  birth() {
    const timestamp = Date.now();
    this.client.publishNodeBirth({ timestamp, metrics: [{ name: 'Node Control/Rebirth', type: 'Boolean', value: false, timestamp }] });
    this.client.publishDeviceBirth(this.device, {
      timestamp,
      metrics: [
        { name: 'Climate/Air Temperature', type: 'Float', value: 21, timestamp, ...(this.aliases && { alias: 1 }), properties: { engUnit: { type: 'String', value: '°C' } } },
        { name: 'Climate/Humidity', type: 'Int8', value: 40, timestamp, ...(this.aliases && { alias: 2 }) },
        { name: 'Battery', type: 'UInt8', value: 90, timestamp, ...(this.aliases && { alias: 3 }) },
        { name: 'Leak', type: 'Boolean', value: false, timestamp, ...(this.aliases && { alias: 4 }) },
        { name: 'Operator', type: 'String', value: 'nobody', timestamp },
      ],
    });
    this.births += 1;
  }

  /** [alias or name, type, value] */
  data(...values) {
    const timestamp = Date.now();
    this.client.publishDeviceData(this.device, {
      timestamp,
      metrics: values.map(([key, type, value]) => ({ ...(typeof key === 'number' ? { alias: key } : { name: key }), type, value, timestamp })),
    });
  }

  /** A message that gets lost on its way. */
  skipOne() {
    this.client.incrementSeqNum();
  }

  vanish() {
    const { client } = this.client;
    client.options.reconnectPeriod = 0;
    client.stream.destroy();
    client.end(true);
  }

  close() {
    this.client.client?.end(true);
  }
}
