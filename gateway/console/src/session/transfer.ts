// One file on its way, up or down, across breaks of the connection. Nothing here draws; files.tsx shows the signals.
//
// Both ends hash: the product what it read or wrote, this page what passed through it. The two sums are compared here, and
// shown. WebCrypto hashes only what lies in memory whole, so the hash is a library's.
import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex } from '@noble/hashes/utils';
import { signal } from '@preact/signals';
import { CallError, type Leg } from './leg';
import type { LegStream, StreamEnd } from './stream';

const WINDOW_BYTES = 256 * 1024;
const SLICE_BYTES = 1024 * 1024; // hashed at once
const PIECE_BYTES = 64 * 1024; // sent at once

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
  protected stream: LegStream | undefined;
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
    if (this.stream) this.stream.close();
    else this.fail('closed');
  }

  // There is a connection again.
  resume(): void {
    if (this.state.value === 'waiting') void this.begin();
  }

  abstract begin(): Promise<void>;
  protected abstract release(): Promise<void>;

  // Opens the stream and gives its answer; undefined: it was refused, or there is no connection now.
  protected async open(method: string, params: Record<string, unknown>, take: (bytes: Uint8Array) => void, over: (end: StreamEnd) => void) {
    const stream = this.leg.openStream(method, params);
    let is_opened = false;
    stream.onBytes = take;
    stream.onClosed = (end) => {
      if (is_opened) over(end);
    };
    try {
      const answer = (await stream.opened) as Record<string, unknown>;
      is_opened = true;
      this.stream = stream;
      return { stream, answer };
    } catch (error) {
      if (error instanceof CallError && error.code === 'lost') this.state.value = 'waiting';
      else this.fail(error instanceof Error ? error.message : '');
      return undefined;
    }
  }

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
    const opened = await this.open(this.method, what, (bytes) => this.take(bytes), (end) => void this.closed(end));
    if (!opened) return;
    this.size.value = Number(opened.answer.size ?? 0);
    this.time = Number(opened.answer.mtime_ms ?? 0);
    opened.stream.give(WINDOW_BYTES);
  }

  // New credit when the disk has taken what came.
  private take(bytes: Uint8Array): void {
    const { stream } = this;
    this.hash.update(bytes);
    this.moved.value += bytes.length;
    this.writing = this.writing
      .then(() => this.sink.write(new Uint8Array(bytes)))
      .then(
        () => stream?.give(bytes.length),
        () => {
          stream?.close();
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
    } catch {
      this.fail('failed'); // the file cannot be read any more
      return;
    }
    this.state.value = 'moving';
    const params = {
      root: this.root,
      path: this.path,
      size: this.file.size,
      sha256: this.sum.value,
      ...(this.may_replace ? { replace: true } : {}),
      ...(this.is_begun ? { offset: this.file.size } : {}), // on from wherever the product stands
    };
    const opened = await this.open('file.put', params, () => undefined, (end) => this.closed(end));
    if (!opened) return;
    this.is_begun = true;
    this.moved.value = Number(opened.answer.offset ?? 0);
    await this.push(opened.stream);
  }

  private async push(stream: LegStream): Promise<void> {
    try {
      while (this.moved.value < this.file.size) {
        const from = this.moved.value;
        const bytes = new Uint8Array(await this.file.slice(from, from + PIECE_BYTES).arrayBuffer());
        await stream.send(bytes);
        this.moved.value = from + bytes.length;
      }
      stream.finish();
    } catch {
      stream.close(); // the file cannot be read any more; when the stream is over, this says nothing
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
