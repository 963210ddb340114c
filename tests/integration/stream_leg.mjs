// An engineer's connection that opens streams (include/fieldline/session.h): credit both ways, bytes as Node streams do not
// give them: with the reader in charge of every byte of credit.
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';

const STREAM = 0x03;
const CREDIT = 0xff;
const PIECE = 16 * 1024 - 2;

class Stream {
  constructor(leg, number) {
    Object.assign(this, { leg, number, room: 0, received: 0, chunks: [], given: 0, keeps: true });
    this.closed = new Promise((resolve) => (this.onClosed = resolve));
    this.wake = () => {};
  }

  /** May be sent so many bytes more. */
  give(bytes) {
    const credit = Buffer.alloc(8);
    credit[0] = CREDIT;
    credit[1] = STREAM;
    credit.writeUInt16BE(this.number, 2);
    credit.writeUInt32BE(bytes, 4);
    this.leg.ws.send(credit);
    this.given += bytes;
  }

  /** Sends all, as far as there is credit; resolves when all has left, or the stream is over. */
  async send(bytes) {
    for (let at = 0; at < bytes.length && !this.isOver; ) {
      const count = Math.min(PIECE, this.room, bytes.length - at);
      if (count === 0) {
        await new Promise((resolve) => (this.wake = resolve));
        continue;
      }
      this.raw(bytes.subarray(at, at + count));
      this.room -= count;
      at += count;
    }
  }

  raw(bytes) {
    const head = Buffer.from([STREAM, this.number >> 8, this.number & 0xff]);
    this.leg.ws.send(Buffer.concat([head, bytes]));
  }

  finish() {
    this.leg.notify('stream.finish', { stream: this.number });
  }

  close() {
    this.leg.notify('stream.close', { stream: this.number });
  }

  get bytes() {
    return Buffer.concat(this.chunks);
  }
}

export class StreamLeg extends ConsoleSession {
  static async join(client, id, query = '') {
    return new StreamLeg(await client.socket(`/sessions/${id}/ws${query}`, 'fieldline.session.1'));
  }

  constructor(ws) {
    super(ws);
    this.streams = new Map();
    this.last = 0;
    ws.on('message', (data, isBinary) => (isBinary ? this.#frame(data) : this.#said(JSON.parse(data.toString()))));
  }

  #frame(data) {
    const isCredit = data[0] === CREDIT && data[1] === STREAM;
    const stream = this.streams.get(data.readUInt16BE(isCredit ? 2 : 1));
    if (!stream) return;
    if (isCredit) {
      stream.room += data.readUInt32BE(4);
      stream.wake();
    } else if (data[0] === STREAM) {
      stream.received += data.length - 3;
      if (stream.keeps) stream.chunks.push(data.subarray(3));
      stream.leg.onBytes?.(stream);
      if (stream.window) {
        while (stream.given - stream.received <= stream.window / 2) stream.give(stream.window / 2);
      }
    }
  }

  #said(message) {
    const stream = message.method === 'stream.closed' && this.streams.get(message.params.stream);
    if (!stream) return;
    stream.isOver = true;
    stream.wake();
    stream.onClosed(message.params);
  }

  /** `window`: how much may be under way upwards; 0: nothing is given. */
  async open(method, params, { window = 256 * 1024 } = {}) {
    const number = ++this.last;
    const stream = new Stream(this, number);
    this.streams.set(number, stream);
    stream.window = window;
    await this.call(method, { ...params, stream: number });
    if (window) stream.give(window);
    return stream;
  }
}
