// The engineer's end of a remote session: WebSocket subprotocol fieldline.session.1 (include/fieldline/session.h).
import { waitFor } from './process.mjs';

const TERMINAL = 0x01;
const CREDIT = 0xff;
const CREDIT_BYTES = 128 * 1024; // output may be ahead of us by so much
const CREDIT_STEP = 32 * 1024; // what was read is given back in steps of this

export class ConsoleSession {
  static async join(client, id) {
    return new ConsoleSession(await client.socket(`/sessions/${id}/ws`, 'fieldline.session.1', { about: { session: id } }));
  }

  constructor(ws) {
    this.ws = ws;
    this.screen = ''; // everything that the terminal printed
    this.messages = []; // every control message, as it came
    this.#calls = new Map();
    this.closed = new Promise((resolve) => ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() })));
    this.#give(CREDIT_BYTES);
    ws.on('message', (data, isBinary) => (isBinary ? this.#bytes(data) : this.#control(JSON.parse(data.toString()))));
  }

  #calls;
  #outputs = new Map(); // of diagnostics, by the id of their call
  #nextId = 1;
  #unreturned = 0;
  #decoder = new TextDecoder();

  #bytes(data) {
    if (data[0] !== TERMINAL) return;
    this.screen += this.#decoder.decode(data.subarray(1), { stream: true });
    this.#unreturned += data.length - 1;
    if (this.#unreturned < CREDIT_STEP) return;
    this.#give(this.#unreturned);
    this.#unreturned = 0;
  }

  #give(bytes) {
    const credit = Buffer.alloc(6);
    credit[0] = CREDIT;
    credit[1] = TERMINAL;
    credit.writeUInt32BE(bytes, 2);
    this.ws.send(credit);
  }

  #control(message) {
    this.messages.push(message);
    if (message.method === 'diagnose.output') {
      const { id, text } = message.params;
      this.#outputs.set(id, (this.#outputs.get(id) ?? '') + text);
    }
    const call = message.method === undefined && this.#calls.get(message.id);
    if (!call) return;
    this.#calls.delete(message.id);
    if (message.error) call.reject(new Error(`${call.method}: ${message.error.message}`));
    else if (call.method === 'diagnose.run') call.resolve({ output: this.#outputs.get(message.id) ?? '', ...message.result });
    else call.resolve(message.result);
  }

  notify(method, params = {}) {
    this.ws.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  call(method, params = {}, seconds = 20) {
    const id = this.#nextId++;
    const answer = new Promise((resolve, reject) => this.#calls.set(id, { method, resolve, reject }));
    this.ws.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    const late = new Promise((_, reject) => {
      setTimeout(() => reject(new Error(`${method}: no answer within ${seconds} s`)), seconds * 1000).unref();
    });
    return Promise.race([answer, late]);
  }

  type(text) {
    this.ws.send(Buffer.concat([Buffer.from([TERMINAL]), Buffer.from(text)]));
  }

  /** Types a line and waits until the screen shows what it must. */
  async command(line, expected, seconds = 15) {
    const from = this.screen.length;
    this.type(`${line}\r`);
    await waitFor(`'${expected}' on the screen after '${line}'`, () => expected.test(this.screen.slice(from)), {
      seconds,
      every: 30,
      seen: () => JSON.stringify(this.screen.slice(from).slice(-300)),
    });
    return this.screen.slice(from);
  }

  /** Control messages of one method, as far as they came. */
  of(method) {
    return this.messages.filter((message) => message.method === method).map((message) => message.params);
  }

  leave() {
    this.ws.close(1000);
    return this.closed;
  }
}
