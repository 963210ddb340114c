// Many products that have nothing but a terminal that echoes, in a process of its own: the wire to the broker (WireDevice), and the
// product's side of a session (include/fieldline/session.h) with its own certificate. Started by session_crowd.mjs.
//
//   node tests/bench/session_products.mjs PKI_FOLDER BROKER_PORT ID...     says 'online' to its parent when all are
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { WireDevice } from '../integration/wire_device.mjs';

const TERMINAL = 0x01;
const ACK = 0xfe;
const CREDIT = 0xff;
const CREDIT_BYTES = 64 * 1024;
const ACK_EVERY = 32; // frames
const OF_THE_LEG = ['session.ticket', 'session.resumed']; // in no chain

class Visit {
  constructor(order, tls, consent) {
    this.order = order;
    this.consent = consent;
    this.frames = 0; // of the gateway's chain
    this.unreturned = 0;
    this.ws = new WebSocket(order.url, 'fieldline.session.1', { ...tls, headers: { Authorization: `Bearer ${order.token}` }, perMessageDeflate: false });
    this.ws.on('open', () => this.#hello());
    this.ws.on('error', (error) => process.send?.({ fault: `${order.session}: ${error.message}` }));
    this.ws.on('message', (data, isBinary) => (isBinary ? this.#bytes(data) : this.#said(JSON.parse(data.toString()))));
  }

  #say(message) {
    this.ws.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  }

  #hello() {
    const { session, capabilities, duration_s: deadline_s } = this.order;
    this.#say({ method: 'session.hello', params: { session, agent: 'bench', capabilities, consent: this.consent, deadline_s } });
  }

  #heard() {
    if (++this.frames % ACK_EVERY !== 0) return;
    const ack = Buffer.alloc(9, ACK);
    ack.writeBigUInt64BE(BigInt(this.frames), 1);
    this.ws.send(ack);
  }

  #give(bytes) {
    const credit = Buffer.from([CREDIT, TERMINAL, 0, 0, 0, 0]);
    credit.writeUInt32BE(bytes, 2);
    this.ws.send(credit);
  }

  /** What is typed comes back. */
  #bytes(data) {
    if (data[0] !== TERMINAL) return;
    this.ws.send(data);
    this.#heard();
    this.unreturned += data.length - 1;
    if (this.unreturned < CREDIT_BYTES / 2) return;
    this.#give(this.unreturned);
    this.unreturned = 0;
  }

  #said({ id, method }) {
    if (OF_THE_LEG.includes(method)) return;
    this.#heard();
    if (method === 'terminal.open') this.#give(CREDIT_BYTES);
    if (id !== undefined) this.#say({ id, result: {} });
    if (method === 'session.end') this.#say({ method: 'session.ended', params: { reason: 'ended_by_engineer', children_left: 0 } });
  }
}

class TerminalDevice extends WireDevice {
  async ready(pki) {
    const [ca, cert, key] = await Promise.all(['ca.crt', `${this.id}.crt`, `${this.id}.key`].map((name) => readFile(join(pki, name))));
    this.tls = { ca, cert, key };
    this.onCommand = (command) => this.#ordered(command);
    await this.connect();
  }

  #ordered({ id, verb, args }) {
    if (verb !== 'session.open') return;
    const { session, capabilities, duration_s } = args;
    const at_ms = Date.now();
    const consent = { method: 'hook', by: 'owner', at_ms, until_ms: at_ms + duration_s * 1000 };
    this.send('reply', { id, ok: true, result: { state: 'open', session, capabilities, consent } });
    new Visit(args, this.tls, consent);
  }
}

const [folder, port, ...ids] = process.argv.slice(2);
const pki = { path: (name) => join(folder, name) };
const devices = ids.map((id) => new TerminalDevice({ port: Number(port) }, pki, id));
for (const device of devices) await device.ready(folder);
await Promise.all(devices.map((device) => device.drained(60)));
process.send?.('online');
