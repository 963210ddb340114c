// One file on its way, up or down, across breaks of the connection. Nothing here draws; files.tsx shows the signals.
//
// Both ends hash: the product what it read or wrote, this page what passed through it. The two sums are compared here, and
// shown. WebCrypto hashes only what lies in memory whole, so the hash is a library's.
import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex } from '@noble/hashes/utils';
import { signal } from '@preact/signals';
import type { Leg } from './leg';
import type { Stream, StreamEnd } from './streams';

const WINDOW_BYTES = 256 * 1024;
const SLICE_BYTES = 1024 * 1024;

export type TransferState = 'hashing' | 'moving' | 'waiting' | 'done' | 'failed';
export interface Sink {
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  close: () => Promise<void>;
  abort: () => Promise<void>;
}

export abstract class Transfer {
  readonly state = signal<TransferState>('moving');
  readonly moved = signal(0);
  readonly size = signal(0);
  readonly problem = signal(''); // a reason of stream.closed, or what the product said
  readonly sum = signal('');
  protected stream: Stream | undefined;
  private is_cancelled = false;

  constructor(
    protected readonly leg: Leg,
    readonly direction: 'up' | 'down',
    readonly root: string,
    readonly path: string,
  ) {}

  get is_over(): boolean {
    return this.state.value === 'done' || this.state.value === 'failed';
  }

  cancel(): void {
    this.is_cancelled = true;
    if (this.stream) this.stream.shut();
    else this.fail('closed');
  }

  // There is a connection again.
  resume(): void {
    if (this.state.value === 'waiting') void this.begin();
  }

  abstract begin(): Promise<void>;
  protected abstract release(): Promise<void>;

  protected fail(problem: string): void {
    if (this.is_over) return;
    this.stream = undefined;
    this.problem.value = problem;
    this.state.value = 'failed';
    void this.release();
  }

  protected ended(end: StreamEnd): boolean {
    this.stream = undefined;
    if (end.reason === 'lost' && !this.is_cancelled) {
      this.state.value = 'waiting';
      return false;
    }
    if (end.reason !== 'done') this.fail(end.reason);
    return end.reason === 'done';
  }
}

export class Download extends Transfer {
  private readonly hash = sha256.create();
  private time: number | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    leg: Leg,
    root: string,
    path: string,
    private readonly sink: Sink,
    private readonly method = 'file.get',
  ) {
    super(leg, 'down', root, path);
  }

  async begin(): Promise<void> {
    this.state.value = 'moving';
    const received = this.moved.value;
    const again = received > 0 ? { offset: received, size: this.size.value, mtime_ms: this.time } : {};
    const what = this.method === 'file.get' ? { root: this.root, path: this.path, ...again } : {};
    const stream = this.leg.streams.open({ received: (bytes) => this.take(bytes), credited: () => undefined, closed: (end) => void this.closed(end) });
    this.stream = stream;
    try {
      const answer = await this.leg.call(this.method, { stream: stream.number, ...what });
      this.size.value = Number(answer.size ?? 0);
      this.time = Number(answer.mtime_ms ?? 0);
      stream.give(WINDOW_BYTES);
    } catch (error) {
      this.leg.streams.forget(stream);
      if (this.state.value === 'moving') this.fail(error instanceof Error ? error.message : '');
    }
  }

  // New credit when the disk has taken what came.
  private take(bytes: Uint8Array<ArrayBuffer>): void {
    const { stream } = this;
    this.hash.update(bytes);
    this.moved.value += bytes.length;
    this.writing = this.writing
      .then(() => this.sink.write(bytes))
      .then(
        () => stream?.give(bytes.length),
        () => {
          stream?.shut();
          this.fail('failed');
        },
      );
  }

  private async closed(end: StreamEnd): Promise<void> {
    await this.writing;
    if (!this.ended(end)) return;
    const sum = bytesToHex(this.hash.digest());
    if (sum !== end.sha256) {
      this.fail('changed');
      return;
    }
    await this.sink.close();
    this.sum.value = sum;
    this.state.value = 'done';
  }

  protected release(): Promise<void> {
    return this.sink.abort().catch(() => undefined);
  }
}

export class Upload extends Transfer {
  private is_begun = false;
  private is_sending = false;

  constructor(
    leg: Leg,
    root: string,
    path: string,
    private readonly file: File,
    private readonly may_replace: boolean,
  ) {
    super(leg, 'up', root, path);
    this.size.value = file.size;
  }

  private async hashed(): Promise<string> {
    const hash = sha256.create();
    for (let at = 0; at < this.file.size; at += SLICE_BYTES) {
      hash.update(new Uint8Array(await this.file.slice(at, at + SLICE_BYTES).arrayBuffer()));
      this.moved.value = Math.min(this.file.size, at + SLICE_BYTES);
    }
    this.moved.value = 0;
    return bytesToHex(hash.digest());
  }

  async begin(): Promise<void> {
    try {
      if (!this.sum.value) {
        this.state.value = 'hashing';
        this.sum.value = await this.hashed();
      }
      this.state.value = 'moving';
      const stream = this.leg.streams.open({ received: () => undefined, credited: () => void this.pump(), closed: (end) => this.closed(end) });
      this.stream = stream;
      await this.ask(stream);
    } catch (error) {
      if (this.state.value !== 'waiting') this.fail(error instanceof Error ? error.message : '');
    }
  }

  private async ask(stream: Stream): Promise<void> {
    try {
      const answer = await this.leg.call('file.put', {
        stream: stream.number,
        root: this.root,
        path: this.path,
        size: this.file.size,
        sha256: this.sum.value,
        ...(this.may_replace ? { replace: true } : {}),
        ...(this.is_begun ? { offset: this.file.size } : {}), // on from wherever the product stands
      });
      this.is_begun = true;
      this.moved.value = Number(answer.offset ?? 0);
      await this.pump();
    } catch (error) {
      this.leg.streams.forget(stream);
      throw error;
    }
  }

  private async pump(): Promise<void> {
    const { stream } = this;
    if (!stream || !this.is_begun || this.is_sending) return;
    this.is_sending = true;
    try {
      while (stream === this.stream && stream.credit > 0 && this.moved.value < this.file.size) {
        const from = this.moved.value;
        const bytes = new Uint8Array(await this.file.slice(from, from + stream.credit).arrayBuffer());
        if (stream !== this.stream) break;
        this.moved.value += stream.send(bytes);
      }
      if (stream === this.stream && this.moved.value === this.file.size) stream.finish();
    } catch {
      stream.shut(); // the file cannot be read any more
    } finally {
      this.is_sending = false;
    }
  }

  private closed(end: StreamEnd): void {
    if (!this.ended(end)) return;
    if (end.sha256 === this.sum.value) this.state.value = 'done';
    else this.fail('changed');
  }

  protected release(): Promise<void> {
    return Promise.resolve();
  }
}
