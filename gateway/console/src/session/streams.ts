// Numbered streams of bytes inside a session, with credit both ways (include/fieldline/session.h). A stream ends with the
// product's last word, or with { reason: 'lost' } when the connection breaks: then whoever opened it may open another one.
import { credit_stream_frame, stream_frame, STREAM_PIECE_BYTES } from './frame';

export interface StreamEnd {
  reason: string;
  sha256: string;
}
export interface StreamUser {
  received: (bytes: Uint8Array<ArrayBuffer>) => void;
  credited: () => void; // more may be sent
  closed: (end: StreamEnd) => void; // once; no call after it
}
export interface StreamSocket {
  send: (bytes: Uint8Array<ArrayBuffer>) => boolean; // false: there is no connection
  finish: (stream: number) => void;
  shut: (stream: number) => void;
}

export class Stream {
  credit = 0;
  constructor(
    readonly number: number,
    readonly user: StreamUser,
    private readonly socket: StreamSocket,
  ) {}

  // The other side may send so many bytes more.
  give(bytes: number): void {
    if (bytes > 0) this.socket.send(credit_stream_frame(this.number, bytes));
  }

  // As much as there is credit for; how many bytes went.
  send(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.credit > 0) {
      const piece = bytes.subarray(at, at + Math.min(STREAM_PIECE_BYTES, this.credit));
      if (!this.socket.send(stream_frame(this.number, piece))) break;
      at += piece.length;
      this.credit -= piece.length;
    }
    return at;
  }

  finish(): void {
    this.socket.finish(this.number);
  }

  shut(): void {
    this.socket.shut(this.number);
  }
}

export class Streams {
  private readonly open_ones = new Map<number, Stream>();
  private last = 0;

  constructor(private readonly socket: StreamSocket) {}

  open(user: StreamUser): Stream {
    const stream = new Stream(++this.last, user, this.socket);
    this.open_ones.set(stream.number, stream);
    return stream;
  }

  // Numbers only rise, also over pages: the gateway says which was the highest so far.
  used(number: number): void {
    this.last = Math.max(this.last, number);
  }

  // It was refused.
  forget(stream: Stream): void {
    this.open_ones.delete(stream.number);
  }

  received(number: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.open_ones.get(number)?.user.received(bytes);
  }

  credited(number: number, bytes: number): void {
    const stream = this.open_ones.get(number);
    if (!stream) return;
    stream.credit += bytes;
    stream.user.credited();
  }

  closed(number: number, end: StreamEnd): void {
    const stream = this.open_ones.get(number);
    this.open_ones.delete(number);
    stream?.user.closed(end);
  }

  lost(): void {
    for (const number of [...this.open_ones.keys()]) this.closed(number, { reason: 'lost', sha256: '' });
  }
}
