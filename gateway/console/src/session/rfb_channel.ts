// What noVNC takes for its WebSocket. One kind carries a stream of the session; the other plays what a recorded server said to
// a viewer whose own words nobody hears.
import type { RawChannel } from '@novnc/novnc';

// The part of a session's stream (stream.ts) that a screen needs.
export interface ScreenStream {
  readonly opened: Promise<unknown>;
  onBytes(bytes: Uint8Array): void;
  onClosed(end: { reason: string }): void;
  send: (bytes: Uint8Array) => Promise<void>;
  give: (count: number) => void;
  close: () => void;
}

const WINDOW_BYTES = 256 * 1024; // pictures may run ahead of what is drawn by so much
const GIVE_AT_BYTES = WINDOW_BYTES / 8;

abstract class Channel implements RawChannel {
  binaryType = 'arraybuffer';
  readonly protocol = '';
  readyState: number = WebSocket.CONNECTING;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  abstract send(data: Uint8Array | ArrayBuffer): void;
  abstract close(): void;

  protected open(): void {
    this.readyState = WebSocket.OPEN;
    this.onopen?.(new Event('open'));
  }

  protected deliver(bytes: Uint8Array): void {
    this.onmessage?.({ data: new Uint8Array(bytes).buffer });
  }

  protected end(): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.onclose?.(new CloseEvent('close', { code: 1000 }));
  }
}


export class StreamChannel extends Channel {
  private to_give = 0;

  // `ended` gets the product's reason.
  constructor(
    private readonly stream: ScreenStream,
    ended: (reason: string) => void,
  ) {
    super();
    stream.onBytes = (bytes) => {
      this.deliver(bytes);
      this.to_give += bytes.length;
      if (this.to_give < GIVE_AT_BYTES) return;
      stream.give(this.to_give);
      this.to_give = 0;
    };
    stream.onClosed = ({ reason }) => {
      this.end();
      ended(reason);
    };
    stream.opened.then(
      () => {
        stream.give(WINDOW_BYTES);
        this.open();
      },
      () => this.end(),
    );
  }

  override send(data: Uint8Array | ArrayBuffer): void {
    // A copy: noVNC uses its buffer again, and the stream may have to wait for credit.
    this.stream.send(new Uint8Array(data).slice()).catch(() => undefined);
  }

  override close(): void {
    if (this.readyState < WebSocket.CLOSING) this.readyState = WebSocket.CLOSING;
    this.stream.close();
    queueMicrotask(() => this.end());
  }
}

export class ReplayChannel extends Channel {
  constructor() {
    super();
    queueMicrotask(() => this.open());
  }

  override send(): void {} // what the viewer says now is not what it said then

  play(bytes: Uint8Array): void {
    if (this.readyState === WebSocket.OPEN) this.deliver(bytes);
  }

  override close(): void {
    queueMicrotask(() => this.end()); // not before noVNC has begun to wait for it
  }
}
