// One person's end of a live session: the socket, opened again when it breaks, requests and their answers, streams, credit for
// the terminal's output, and what was said last as signals. What the panels make of it is theirs:
//
//   leg.call(method, params)        a request; its answer, or CallError with the gateway's or product's words
//   leg.notify(method, params)      the same without an answer
//   leg.on(method, listen)          what comes unasked; returns how to stop listening
//   leg.openStream(method, params)  a stream (stream.ts), numbered here
//
// A connection that broke: calls under way are rejected ("lost"), streams closed ("lost"); what can go on (a file, by its
// offset) is asked for again by its panel.
//
// Credit: output may run ahead of the screen by CREDIT_BYTES and no further; more is granted as the terminal has drawn what
// came. Which input is a secret the gateway decides: it sits where the recording is made.
import { batch, signal } from '@preact/signals';
import { credit_frame, CREDIT_BYTES, cut_text, frame, FRAME_BYTES, parse_control, parse_stream, stream_credit_frame, stream_frame, TERMINAL, type Control } from './frame';
import { LegStream, type StreamEnd, type StreamOut } from './stream';
import { chat_of, number_of, people_of, text_of, told_of, type Chat, type Person, type Told } from './told';

const GRANT_AT_BYTES = CREDIT_BYTES / 8; // grant in such portions, not for each frame
const INPUT_BYTES = 64 * 1024; // what the gateway holds for a product that reads slowly
const QUEUE_BYTES = 512 * 1024; // of this page's socket; streams wait beyond
const QUEUE_LOOK_MS = 20;
const ANSWER_WITHIN_MS = 5 * 60_000; // as long as the gateway waits for the product
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
const KEPT_RUNS = 50;
const KEPT_CHAT = 500;
const STREAMS = 0xffff;
// Reasons for which the gateway closes one person's leg and coming back at once would be wrong.
const FINAL_REASONS = ['replaced', 'too_many_errors', 'revoked', 'expired'];

export type LegState = 'connecting' | 'open' | 'lost' | 'replaced' | 'over';
export interface Run {
  id: number;
  name: string;
  by: string;
  started_ms: number;
  result?: { exit: number; output: string; truncated: boolean; took_ms: number };
  error?: string;
}
export class CallError extends Error {
  constructor(
    readonly code: string, // denied, frozen, busy, not_live, ...; "lost": there is no connection
    text: string,
  ) {
    super(text || code);
  }
}
type Drawn = () => void;
type Draw = (bytes: Uint8Array, done: Drawn) => void;
type Params = Record<string, unknown>;
type Listen = (params: Params) => void;
interface Pending {
  resolve: (result: unknown) => void;
  reject: (error: CallError) => void;
  timer: ReturnType<typeof setTimeout>;
}

export class Leg {
  readonly state = signal<LegState>('connecting');
  readonly told = signal<Told | undefined>(undefined);
  readonly people = signal<Person[]>([]);
  readonly offered = signal(''); // to whom the keyboard is offered
  readonly chat = signal<Chat[]>([]);
  readonly error = signal('');
  readonly closed_because = signal(''); // the gateway's reason, when the state is replaced
  readonly is_echo_on = signal(true);
  readonly runs = signal<Run[]>([]);
  readonly is_terminal_open = signal(false);
  readonly terminal_size = signal<{ cols: number; rows: number } | undefined>(undefined);
  readonly terminal_end = signal<{ exit: number; signal: string } | undefined>(undefined);
  on_sample: (values: Params) => void = () => undefined;
  on_log: (line: { t: number; severity: number; app: string; text: string }) => void = () => undefined;

  private socket: WebSocket | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pause_ms = FIRST_PAUSE_MS;
  private next_id = 1;
  private readonly calls = new Map<number, Pending>();
  private readonly listeners = new Map<string, Set<Listen>>();
  private readonly streams = new Map<number, LegStream>();
  private next_stream = 1;
  private to_grant = 0;
  private draw: Draw | undefined;
  private undrawn: Uint8Array[] = [];

  // `dial` opens the socket anew each time; `changed`: the session's row is worth asking for again.
  constructor(
    private readonly dial: () => Promise<WebSocket>,
    private readonly changed: () => void = () => undefined,
  ) {
    void this.connect();
  }

  close(): void {
    this.state.value = 'over';
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = undefined;
    socket?.close();
    this.forget_pending();
  }

  // ---- requests ----

  notify(method: string, params: Params = {}): void {
    this.send_control({ method, params });
  }

  call(method: string, params: Params = {}): Promise<unknown> {
    const id = this.next_id++;
    return new Promise((resolve, reject) => {
      if (!this.send_control({ id, method, params })) {
        reject(new CallError('lost', ''));
        return;
      }
      const timer = setTimeout(() => this.answered({ id, error: { data: { code: 'timed_out' } } }), ANSWER_WITHIN_MS);
      this.calls.set(id, { resolve, reject, timer });
    });
  }

  on(method: string, listen: Listen): () => void {
    const set = this.listeners.get(method) ?? new Set();
    this.listeners.set(method, set.add(listen));
    return () => void set.delete(listen);
  }

  // ---- streams ----

  openStream(method: string, params: Params = {}): LegStream {
    const id = this.next_stream++;
    const opened = id > STREAMS ? Promise.reject(new CallError('full', '')) : this.call(method, { ...params, stream: id });
    const stream = new LegStream(id, opened, this.stream_out);
    this.streams.set(id, stream);
    opened.catch((error: unknown) => {
      const reason = error instanceof CallError && error.code === 'lost' ? 'lost' : 'refused';
      this.end_stream(id, { reason, up_bytes: 0, down_bytes: 0, sha256: '' });
    });
    return stream;
  }

  private readonly stream_out: StreamOut = {
    bytes: (stream, bytes) => this.send_bytes(stream_frame(stream, bytes)),
    credit: (stream, count) => {
      for (let left = count; left > 0; left -= CREDIT_BYTES) this.send_bytes(stream_credit_frame(stream, Math.min(left, CREDIT_BYTES)));
    },
    notify: (method, params) => this.notify(method, params),
    drained: async () => {
      const { socket } = this;
      while (socket && socket === this.socket && socket.bufferedAmount > QUEUE_BYTES) await new Promise((done) => setTimeout(done, QUEUE_LOOK_MS));
    },
  };

  private end_stream(id: number, end: StreamEnd): void {
    const stream = this.streams.get(id);
    this.streams.delete(id);
    stream?.closed(end);
  }

  // ---- checks ----

  // Runs one of the pack's checks; its course is in `runs`.
  run(name: string, by: string): void {
    const id = this.next_id;
    this.runs.value = [{ id, name, by, started_ms: Date.now() }, ...this.runs.value].slice(0, KEPT_RUNS);
    this.call('diagnose.run', { name }).then(
      (result) => this.finish_run(id, result as Params),
      (error: unknown) => this.finish_run(id, undefined, error instanceof CallError && error.code !== 'lost' ? error.message : ''),
    );
  }

  private finish_run(id: number, result: Params | undefined, error = ''): void {
    this.runs.value = this.runs.value.map((run): Run => {
      if (run.id !== id) return run;
      if (!result) return { ...run, error };
      return {
        ...run,
        result: {
          exit: number_of(result.exit),
          output: text_of(result.output),
          truncated: result.truncated === true,
          took_ms: number_of(result.took_ms),
        },
      };
    });
  }

  // ---- the terminal ----

  open_terminal(cols: number, rows: number): void {
    batch(() => {
      this.error.value = '';
      this.is_echo_on.value = true;
      this.terminal_end.value = undefined;
      this.is_terminal_open.value = true;
    });
    this.call('terminal.open', { cols, rows, term: 'xterm-256color' }).catch((error: unknown) => {
      batch(() => {
        this.is_terminal_open.value = false;
        this.error.value = error instanceof CallError && error.code !== 'lost' ? error.message : '';
      });
    });
  }

  // False: too much at once, or nobody is there to take it; nothing was sent.
  type(text: string): boolean {
    const typed = new TextEncoder().encode(text);
    if (this.socket?.readyState !== WebSocket.OPEN || this.socket.bufferedAmount + typed.length > INPUT_BYTES) return false;
    for (const piece of cut_text(typed, FRAME_BYTES)) this.socket.send(frame(TERMINAL, piece));
    return true;
  }

  // From now on output goes to `draw`, which says when each piece is on the screen.
  draw_with(draw: Draw | undefined): void {
    this.draw = draw;
    if (!draw) return;
    for (const bytes of this.undrawn.splice(0)) this.output(bytes);
  }

  private output(bytes: Uint8Array): void {
    if (this.draw) this.draw(bytes, () => this.grant(bytes.length));
    else this.undrawn.push(bytes); // no more than the credit, since none is granted for it
  }

  private grant(bytes: number): void {
    this.to_grant += bytes;
    if (this.to_grant < GRANT_AT_BYTES || this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(credit_frame(TERMINAL, this.to_grant));
    this.to_grant = 0;
  }

  // ---- the socket ----

  private async connect(): Promise<void> {
    try {
      const socket = await this.dial();
      if (this.state.value === 'over') {
        socket.close();
        return;
      }
      this.socket = socket;
      socket.onopen = () => {
        this.pause_ms = FIRST_PAUSE_MS;
        this.to_grant = 0;
        socket.send(credit_frame(TERMINAL, CREDIT_BYTES));
        this.state.value = 'open';
      };
      socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
        if (typeof event.data === 'string') this.control(parse_control(event.data));
        else this.binary(new Uint8Array(event.data));
      };
      socket.onclose = (event) => this.again(socket, event.reason);
    } catch {
      this.again(undefined, '');
    }
  }

  private again(closed: WebSocket | undefined, reason: string): void {
    if (closed !== this.socket || this.state.value === 'over') return;
    this.socket = undefined;
    batch(() => {
      this.closed_because.value = reason;
      this.state.value = FINAL_REASONS.includes(reason) ? 'replaced' : 'lost';
      this.people.value = [];
    });
    this.forget_pending();
    this.changed();
    if (this.state.value === 'replaced') return;
    this.timer = setTimeout(() => void this.connect(), this.pause_ms);
    this.pause_ms = Math.min(this.pause_ms * 2, LONGEST_PAUSE_MS);
  }

  private forget_pending(): void {
    for (const id of [...this.calls.keys()]) this.answered({ id, error: { data: { code: 'lost' } } });
    for (const id of [...this.streams.keys()]) this.end_stream(id, { reason: 'lost', up_bytes: 0, down_bytes: 0, sha256: '' });
  }

  private send_control(message: Control): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
    return true;
  }

  private send_bytes(message: Uint8Array<ArrayBuffer>): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(message);
  }

  private binary(message: Uint8Array): void {
    if (message[0] === TERMINAL) {
      this.output(message.subarray(1));
      return;
    }
    const news = parse_stream(message);
    if (!news) return;
    const stream = this.streams.get(news.stream);
    if ('bytes' in news) stream?.received(news.bytes);
    else stream?.granted(news.credit);
  }

  private control(message: Control | undefined): void {
    if (!message) return;
    if (!message.method) {
      this.answered(message);
      return;
    }
    const params = message.params ?? {};
    this.methods[message.method]?.(params);
    for (const listen of [...(this.listeners.get(message.method) ?? [])]) listen(params);
  }

  private answered({ id, result, error }: Control): void {
    const pending = typeof id === 'number' ? this.calls.get(id) : undefined;
    if (!pending || typeof id !== 'number') return;
    this.calls.delete(id);
    clearTimeout(pending.timer);
    if (error) pending.reject(new CallError(error.data?.code ?? 'failed', error.message ?? ''));
    else pending.resolve(result);
  }

  private size(p: Params): void {
    const cols = number_of(p.cols);
    const rows = number_of(p.rows);
    if (cols > 0 && rows > 0) this.terminal_size.value = { cols, rows };
  }

  // What comes without having been asked for, as far as everybody wants it.
  private readonly methods: Record<string, Listen> = {
    'session.state': (p) => {
      batch(() => {
        this.told.value = told_of(p);
        this.next_stream = Math.max(this.next_stream, this.told.value.next_stream);
        this.is_terminal_open.value = p.terminal_open === true;
        this.size(p);
      });
      this.changed();
    },
    'session.people': (p) => {
      batch(() => {
        this.people.value = people_of(p);
        this.offered.value = text_of(p.offered);
      });
    },
    'chat.said': (p) => {
      this.chat.value = [...this.chat.value, chat_of(p)].slice(-KEPT_CHAT);
    },
    'session.error': (p) => {
      this.error.value = text_of(p.text) || text_of(p.code);
    },
    'stream.closed': (p) => {
      this.end_stream(number_of(p.stream), {
        reason: text_of(p.reason),
        up_bytes: number_of(p.up_bytes),
        down_bytes: number_of(p.down_bytes),
        sha256: text_of(p.sha256),
      });
    },
    'terminal.open': (p) => {
      batch(() => {
        this.is_terminal_open.value = true;
        this.terminal_end.value = undefined;
        this.size(p);
      });
    },
    'terminal.resize': (p) => this.size(p),
    'terminal.closed': (p) => {
      batch(() => {
        this.is_echo_on.value = true;
        this.is_terminal_open.value = false;
        this.terminal_end.value = { exit: number_of(p.exit), signal: p.signal ? String(p.signal) : '' };
      });
    },
    'terminal.echo': (p) => {
      this.is_echo_on.value = p.on !== false;
    },
    'observe.sample': (p) => {
      if (typeof p.values === 'object' && p.values !== null) this.on_sample(p.values as Params);
    },
    'observe.log': (p) => this.on_log({ t: number_of(p.t), severity: number_of(p.sev), app: text_of(p.app), text: text_of(p.msg) }),
  };
}
