// A device written from the description of the wire alone (include/fieldline/{topic,message,senml}.h), on another MQTT
// library: so the gateway is tested against the contract and not against our agent. It keeps what is not acknowledged, sends
// within its window, goes back when the gateway says so, and remembers every acknowledgement for the accounts.
import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';

const WINDOW = { urgent: 10, bulk: 50 };
const STALL_MS = 1500;

export const shardOf = (id) => createHash('sha256').update(id).digest('hex').slice(0, 2);

class Lane {
  constructor(kinds, window) {
    this.kinds = kinds;
    this.window = window;
    this.stream = randomUUID();
    this.messages = []; // [seq - 1]: {kind, payload, properties}
    this.acked = 0; // as the gateway said last
    this.ackedMost = 0; // and at most: what it must never take back
    this.sent = 0;
    this.movedAt = 0;
  }
}

export class WireDevice {
  /** `stallMs`: without an acknowledgement for so long it sends again. */
  constructor(broker, pki, id, { certificate = id, model = 'test-product', metrics = ['level', 'other'], stallMs = STALL_MS } = {}) {
    Object.assign(this, { broker, pki, id, certificate, model, metrics, stallMs });
    this.prefix = `fl/1/${shardOf(id)}/${id}`;
    this.boot = randomUUID();
    this.lanes = { urgent: new Lane(['birth', 'event', 'reply'], WINDOW.urgent), bulk: new Lane(['tele', 'log'], WINDOW.bulk) };
    this.commands = [];
    this.resends = 0;
    this.clockError = 0; // what its wall clock is off by, ms
  }

  /** Begins to connect, and stays connected until close(). */
  async connect() {
    this.birth();
    const [ca, cert, key] = await Promise.all(
      ['ca.crt', `${this.certificate}.crt`, `${this.certificate}.key`].map((name) => readFile(this.pki.path(name))),
    );
    this.client = mqtt.connect({
      protocol: 'mqtts', host: 'localhost', port: this.broker.port, ca, cert, key, protocolVersion: 5, clean: true,
      reconnectPeriod: 200, connectTimeout: 5000, queueQoSZero: false, keepalive: 30,
      will: { topic: `${this.prefix}/state`, payload: 'offline', qos: 1, retain: true },
    });
    this.client.on('error', (error) => { this.lastError = error; });
    this.client.on('message', (topic, payload) => this.#received(topic, payload));
    this.client.on('connect', () => this.#connected());
    this.timer = setInterval(() => this.#tick(), Math.min(200, this.stallMs / 2));
    this.timer.unref();
  }

  async close() {
    clearInterval(this.timer);
    await this.client?.endAsync(true);
  }

  #connected() {
    this.client.subscribe([`${this.prefix}/down/ack`, `${this.prefix}/down/cmd`], { qos: 1 }, () => {
      this.client.publish(`${this.prefix}/state`, 'online', { qos: 1, retain: true });
      this.introduce();
      for (const lane of Object.values(this.lanes)) this.#goBack(lane);
    });
  }

  get wall() {
    return Date.now() + this.clockError;
  }

  #birth() {
    const { model, boot, metrics } = this;
    return {
      t: this.wall, model, serial: `SN-${this.id}`, firmware: '1.0', agent: 'wire-test', boot, metrics,
      capabilities: ['observe', 'diagnose', 'shell'], diagnostics: [], ...this.birthMembers(),
    };
  }

  /** What another kind of device adds. */
  birthMembers() {
    return {};
  }

  birth() {
    return this.send('birth', this.#birth());
  }

  /** A birth outside of the streams, with the clocks of this moment: what tells the gateway the true time of this boot. */
  introduce() {
    this.put('birth', JSON.stringify(this.#birth()), { clock: this.clock });
  }

  /** Puts a message in its lane; it goes out when the window has room. The number it got. */
  send(kind, body, overrides = {}) {
    const lane = Object.values(this.lanes).find(({ kinds }) => kinds.includes(kind));
    const payload = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
    lane.messages.push({ kind, payload, overrides });
    this.#push(lane);
    return lane.messages.length;
  }

  /** One SenML message of samples [metric, ms, value]. */
  tele(samples) {
    return this.send('tele', samples.map(([n, t, v]) => ({ n, t: t / 1000, v })));
  }

  logs(lines) {
    return this.send('log', { logs: lines.map((msg) => ({ t: this.wall, sev: 6, fac: 3, app: 'wire', msg })) });
  }

  fault(code, active, text = code) {
    return this.send('event', { t: this.wall, kind: 'fault', code, active, severity: 3, text });
  }

  /** As it is, outside of any stream: for what a right device would never send. */
  raw(topic, payload, userProperties) {
    return this.client.publishAsync(topic, payload, { qos: 1, properties: userProperties ? { userProperties } : undefined });
  }

  stamp(lane, seq) {
    return { stream: lane.stream, seq: String(seq), from: String(seq), clock: this.clock };
  }

  /** Boot id and both clocks of this moment. */
  get clock() {
    return `${this.boot} ${Math.round(performance.now())} ${this.wall}`;
  }

  /** One message on its way. */
  put(kind, payload, userProperties) {
    this.client.publish(`${this.prefix}/up/${kind}`, payload, { qos: 0, properties: { userProperties } });
  }

  #push(lane) {
    if (!this.client?.connected) return;
    while (lane.sent < lane.messages.length && lane.sent < lane.acked + lane.window) {
      const { kind, payload, overrides } = lane.messages[lane.sent];
      lane.sent += 1;
      const userProperties = { ...this.stamp(lane, lane.sent), ...overrides };
      this.put(kind, payload, userProperties);
      if (lane.movedAt === 0) lane.movedAt = Date.now();
    }
  }

  #goBack(lane) {
    if (lane.sent > lane.acked) this.resends += 1;
    lane.sent = lane.acked;
    lane.movedAt = Date.now();
    this.#push(lane);
  }

  #received(topic, payload) {
    const message = JSON.parse(payload.toString());
    if (topic.endsWith('/down/cmd')) {
      this.commands.push(message);
      this.onCommand?.(message);
      return;
    }
    const lane = Object.values(this.lanes).find(({ stream }) => stream === message.stream);
    if (!lane) return;
    if (message.seq < lane.ackedMost) this.takenBack = `seq ${message.seq} after ${lane.ackedMost}`;
    const hasMoved = message.seq > lane.acked;
    lane.acked = message.seq;
    lane.ackedMost = Math.max(lane.ackedMost, message.seq);
    this.onAck?.(lane, message.seq);
    lane.sent = Math.max(lane.sent, lane.acked);
    if (hasMoved) lane.movedAt = Date.now();
    this.#push(lane);
  }

  #tick() {
    for (const lane of Object.values(this.lanes)) {
      if (lane.sent > lane.acked && Date.now() - lane.movedAt > this.stallMs) this.#goBack(lane);
    }
  }

  get isDone() {
    return Object.values(this.lanes).every((lane) => lane.acked === lane.messages.length);
  }

  /** Until everything it has was acknowledged. */
  async drained(seconds = 30) {
    const deadline = Date.now() + seconds * 1000;
    while (!this.isDone) {
      if (Date.now() > deadline) {
        const shown = Object.entries(this.lanes).map(([name, lane]) => `${name} ${lane.acked}/${lane.messages.length}`);
        throw new Error(`${this.id}: not acknowledged within ${seconds} s: ${shown.join(', ')}`);
      }
      await sleep(50);
    }
  }
}
