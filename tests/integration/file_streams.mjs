// Files over a session as the console moves them: streams with credit, sums on both ends, and going on after a break.
import { createHash } from 'node:crypto';
import { waitFor } from './stack.mjs';

const STREAM = 0x03;
const CREDIT = 0xff;
const WINDOW = 128 * 1024;
const PIECE = 16 * 1024 - 2;

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function creditFrame(stream, bytes) {
  const frame = Buffer.alloc(8);
  frame[0] = CREDIT;
  frame[1] = STREAM;
  frame.writeUInt16BE(stream, 2);
  frame.writeUInt32BE(bytes, 4);
  return frame;
}

/** Transfers of one ConsoleSession. Numbers of streams only rise in a session: a second connection goes on with `first`. */
export class FileStreams {
  constructor(session, first = 1) {
    this.session = session;
    this.next = first;
    this.open = new Map();
    session.ws.on('message', (data, isBinary) => (isBinary ? this.#binary(data) : this.#control(JSON.parse(data.toString()))));
  }

  #binary(data) {
    if (data[0] === STREAM) this.open.get(data.readUInt16BE(1))?.received(data.subarray(3));
    if (data[0] === CREDIT && data[1] === STREAM) this.open.get(data.readUInt16BE(2))?.credited(data.readUInt32BE(4));
  }

  #control(message) {
    if (message.method !== 'stream.closed') return;
    const transfer = this.open.get(message.params.stream);
    this.open.delete(message.params.stream);
    transfer?.closed(message.params);
  }

  /** A download under way: `bytes` so far, `done` when stream.closed has come. `gate(sent)` false: no more credit. */
  get(root, path, { offset, size, mtime_ms, gate } = {}) {
    return this.begin('file.get', { root, path, offset, size, mtime_ms }, gate);
  }

  /** The same for any call that sends a stream up. */
  async begin(method, params, gate = () => true) {
    const stream = this.next++;
    const transfer = { stream, pieces: [], count: 0, owed: 0 };
    const give = () => {
      if (transfer.owed === 0 || !gate(transfer.count)) return;
      this.session.ws.send(creditFrame(stream, transfer.owed));
      transfer.owed = 0;
    };
    transfer.done = new Promise((resolve) => { transfer.closed = resolve; });
    transfer.credited = () => {};
    transfer.received = (bytes) => {
      transfer.pieces.push(bytes);
      transfer.count += bytes.length;
      transfer.owed += bytes.length;
      if (transfer.owed >= WINDOW / 4) give();
    };
    this.open.set(stream, transfer);
    try {
      transfer.answer = await this.session.call(method, { stream, ...params }, 60);
    } catch (error) {
      this.open.delete(stream);
      throw error;
    }
    transfer.owed = WINDOW;
    give();
    return transfer;
  }

  /** A whole download. */
  async fetch(root, path, options) {
    return this.#whole(await this.get(root, path, options));
  }

  async take(method, params) {
    return this.#whole(await this.begin(method, params));
  }

  async #whole(transfer) {
    const end = await transfer.done;
    return { ...end, ...transfer.answer, bytes: Buffer.concat(transfer.pieces) };
  }

  /** An upload under way; `until`: not a byte beyond. */
  async put(root, path, bytes, { offset, replace, sum = sha256(bytes), size = bytes.length, until = size, finishes = true } = {}) {
    const stream = this.next++;
    const transfer = { stream, credit: 0, at: 0, isStarted: false };
    transfer.done = new Promise((resolve) => { transfer.closed = resolve; });
    transfer.received = () => {};
    const pump = () => {
      while (transfer.isStarted && transfer.credit > 0 && transfer.at < until) {
        const count = Math.min(PIECE, transfer.credit, until - transfer.at);
        const head = Buffer.from([STREAM, stream >> 8, stream & 0xff]);
        this.session.ws.send(Buffer.concat([head, bytes.subarray(transfer.at, transfer.at + count)]));
        transfer.credit -= count;
        transfer.at += count;
      }
      if (transfer.isStarted && finishes && transfer.at >= until && !transfer.isFinished) {
        transfer.isFinished = true;
        this.session.notify('stream.finish', { stream });
      }
    };
    transfer.credited = (count) => {
      transfer.credit += count;
      pump();
    };
    this.open.set(stream, transfer);
    try {
      transfer.answer = await this.session.call('file.put', { stream, root, path, size, sha256: sum, offset, replace });
    } catch (error) {
      this.open.delete(stream);
      throw error;
    }
    transfer.at = transfer.answer.offset;
    transfer.isStarted = true;
    pump();
    return transfer;
  }

  /** A whole upload. */
  async store(root, path, bytes, options) {
    const transfer = await this.put(root, path, bytes, options);
    const end = await transfer.done;
    return { ...end, ...transfer.answer };
  }

  waitSent(transfer, count, seconds = 20) {
    return waitFor(`${count} bytes to be sent`, () => transfer.at >= count, { seconds, every: 10 });
  }
}
