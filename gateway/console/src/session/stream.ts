// One numbered stream of bytes in a session: a file on its way, a port, a screen. Both directions have credit of their own: we
// may send only what the product gave (`send` waits for it), and the product only what was given here (`give`), so whoever is
// slow holds up this stream and nothing else. How bytes leave is the leg's business.
import { STREAM_BYTES } from './frame';

export interface StreamEnd {
  reason: string; // of session.h: done, closed, refused, failed, limit, changed; here also "lost": the connection broke
  up_bytes: number;
  down_bytes: number;
  sha256: string; // "" when the product said none
}
export interface StreamOut {
  bytes: (stream: number, bytes: Uint8Array) => void;
  credit: (stream: number, count: number) => void;
  notify: (method: string, params: Record<string, unknown>) => void;
  // Resolves when the socket's own queue is short again; rejects when it is gone.
  drained: () => Promise<void>;
}
export class StreamClosed extends Error {
  constructor(readonly end: StreamEnd) {
    super(`the stream is closed: ${end.reason}`);
  }
}

export class LegStream {
  onBytes: (bytes: Uint8Array) => void = () => undefined; // no more than was given; give again when they are worked off
  onClosed: (end: StreamEnd) => void = () => undefined; // once, the last word
  end: StreamEnd | undefined;
  private credit = 0;
  private wake: (() => void) | undefined;
  private turn: Promise<void> = Promise.resolve(); // sends keep their order

  // `opened` is the call's answer; it rejects when the product or the gateway refuses, and onClosed follows.
  constructor(
    readonly id: number,
    readonly opened: Promise<unknown>,
    private readonly out: StreamOut,
  ) {}

  // Resolves when all of it has left this page; rejects with StreamClosed when the stream is over before.
  send(bytes: Uint8Array): Promise<void> {
    const sent = this.turn.then(() => this.push(bytes));
    this.turn = sent.catch(() => undefined);
    return sent;
  }

  // The product may send so many bytes more. None at the opening.
  give(count: number): void {
    if (!this.end && count > 0) this.out.credit(this.id, count);
  }

  // No more bytes from here.
  finish(): void {
    void this.turn.then(() => {
      if (!this.end) this.out.notify('stream.finish', { stream: this.id });
    });
  }

  // The product answers with stream.closed, which calls onClosed.
  close(): void {
    if (!this.end) this.out.notify('stream.close', { stream: this.id });
  }

  // ---- for the leg ----
  granted(count: number): void {
    this.credit += count;
    this.wake?.();
  }

  received(bytes: Uint8Array): void {
    if (!this.end) this.onBytes(bytes);
  }

  closed(end: StreamEnd): void {
    if (this.end) return;
    this.end = end;
    this.wake?.();
    this.onClosed(end);
  }

  private async push(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      while (this.credit === 0 && !this.end) {
        await new Promise<void>((done) => (this.wake = done));
        this.wake = undefined;
      }
      if (this.end) throw new StreamClosed(this.end);
      const count = Math.min(this.credit, STREAM_BYTES, bytes.length - at);
      this.credit -= count;
      this.out.bytes(this.id, bytes.subarray(at, at + count));
      at += count;
      await this.out.drained().catch(() => undefined); // a broken socket closes the stream, which ends this loop
    }
  }
}
