// The files of the fake product: a folder in memory, moved in streams with credit, as agent/session/files.c does it.
import { createHash } from 'node:crypto';

const STREAM = 3;
const CREDIT = 0xff;
const PIECE = 16 * 1024 - 2;
const WINDOW = 64 * 1024;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

export class FakeFiles {
  /** `files`: Map of path to Buffer; it outlives a connection, as the product does. */
  constructor(leg, files) {
    Object.assign(this, { leg, files, open: new Map() });
  }
  frame(stream, bytes) {
    this.leg.socket.send(Buffer.concat([Buffer.from([STREAM, stream >> 8, stream & 255]), bytes]));
  }
  give(stream, bytes) {
    const frame = Buffer.alloc(8);
    frame.set([CREDIT, STREAM]);
    frame.writeUInt16BE(stream, 2);
    frame.writeUInt32BE(bytes, 4);
    this.leg.socket.send(frame);
  }
  closed(stream, reason, sum) {
    this.open.delete(stream);
    this.leg.tell('stream.closed', { stream, reason, up_bytes: 0, down_bytes: 0, ...(sum ? { sha256: sum } : {}) });
  }
  credit(bytes) {
    const one = this.open.get(bytes.readUInt16BE(2));
    if (!one?.send) return;
    one.credit += bytes.readUInt32BE(4);
    one.send();
  }
  bytes(message) {
    const one = this.open.get(message.readUInt16BE(1));
    if (!one) return;
    const more = message.subarray(3);
    one.part.bytes = Buffer.concat([one.part.bytes, more]);
    if (one.part.bytes.length > (this.files.breaksAt ?? Infinity)) {
      delete this.files.breaksAt;
      this.leg.socket.terminate();
      return;
    }
    this.give(one.stream, more.length);
  }
  methods = {
    'file.roots': (p, id) =>
      this.leg.answer(id, { roots: [{ name: 'service', may_read: true, may_write: true, limit: 1 << 20, left: 1 << 24 }] }),
    'file.list': (p, id) => {
      const entries = [...this.files.keys()].sort().map((name) => ({ name, kind: 'file', size: this.files.get(name).length, mtime_ms: 1_700_000_000_000 }));
      this.leg.answer(id, { entries: [...entries, { name: 'old', kind: 'folder', size: 0, mtime_ms: 0 }], truncated: false });
    },
    'file.get': (p, id) => {
      const bytes = this.files.get(p.path);
      if (!bytes) return this.refuse(id, `'${p.path}' is not there`);
      const one = { stream: p.stream, credit: 0, at: p.offset ?? 0 };
      one.send = () => {
        while (one.credit > 0 && one.at < bytes.length) {
          const piece = bytes.subarray(one.at, one.at + Math.min(PIECE, one.credit));
          one.at += piece.length;
          one.credit -= piece.length;
          this.frame(one.stream, piece);
        }
        if (one.at === bytes.length) this.closed(one.stream, 'done', this.files.lies ? sha256('other') : sha256(bytes));
      };
      this.open.set(one.stream, one);
      this.leg.answer(id, { size: bytes.length, mtime_ms: 1_700_000_000_000, offset: one.at });
    },
    'file.put': (p, id) => {
      if (this.files.has(p.path) && !p.replace) return this.refuse(id, `'${p.path}' is there already; ask to replace it`);
      const part = p.offset !== undefined && this.files.part ? this.files.part : { bytes: Buffer.alloc(0) };
      this.files.part = part;
      this.files.resumed = part.bytes.length;
      this.open.set(p.stream, { ...p, part });
      this.leg.answer(id, { offset: part.bytes.length });
      this.give(p.stream, WINDOW);
    },
    'stream.finish': (p) => {
      const one = this.open.get(p.stream);
      if (!one) return;
      delete this.files.part;
      if (sha256(one.part.bytes) !== one.sha256) return this.closed(p.stream, 'changed');
      this.files.set(one.path, one.part.bytes);
      this.closed(p.stream, this.files.isFull ? 'full' : 'done', one.sha256);
    },
    'stream.close': (p) => this.closed(p.stream, 'closed'),
  };
  refuse(id, message) {
    this.leg.socket.send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32000, message, data: { code: 'conflict' } } }));
  }
}
