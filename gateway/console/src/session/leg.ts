// The engineer's end of one live session: the socket, opened again when it breaks, credit for the terminal's output, and what
// was said last as signals. What the terminal, the checks and the live values make of it is theirs.
//
// Credit: output may run ahead of the screen by CREDIT_BYTES and no further; more is granted as the terminal has drawn what
// came. Which input is a secret the gateway decides: it sits where the recording is made.
import { batch, signal } from '@preact/signals';
import { open_socket } from '../api/socket';
import { CREDIT, credit_frame, CREDIT_BYTES, cut_text, frame, FRAME_BYTES, parse_control, STREAM, TERMINAL, type Control } from './frame';
import { Streams } from './streams';

const GRANT_AT_BYTES = CREDIT_BYTES / 8; // grant in such portions, not for each frame
const INPUT_BYTES = 64 * 1024; // what the gateway holds for a product that reads slowly
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
const KEPT_RUNS = 50;
// Reasons for which the gateway closes one person's leg and coming back at once would be wrong.
const FINAL_REASONS = ['replaced', 'too_many_errors'];

export type LegState = 'connecting' | 'open' | 'lost' | 'replaced' | 'over';
export interface Run {
  id: number;
  name: string;
  by: string;
  started_ms: number;
  output: string; // so far
  result?: { exit: number; truncated: boolean; took_ms: number; timed_out: boolean; cancelled: boolean };
  error?: string;
}
export interface Told {
  capabilities: string[];
  may_type: boolean;
  deadline_mono_ms: number | undefined;
}
type Drawn = () => void;
type Draw = (bytes: Uint8Array, done: Drawn) => void;
type Params = Record<string, unknown>;
interface Asked {
  resolve: (result: Params) => void;
  reject: (error: Error) => void;
}

const text_of = (value: unknown): string => (typeof value === 'string' ? value : '');
const number_of = (value: unknown): number => (typeof value === 'number' ? value : 0);

export class Leg {
  readonly state = signal<LegState>('connecting');
  readonly told = signal<Told | undefined>(undefined);
  readonly error = signal('');
  readonly is_echo_on = signal(true);
  readonly runs = signal<Run[]>([]);
  readonly is_terminal_open = signal(false);
  readonly terminal_end = signal<{ exit: number; signal: string } | undefined>(undefined);
  on_sample: (values: Params, at_ms: number) => void = () => undefined;
  on_log: (line: { t: number; severity: number; app: string; text: string }) => void = () => undefined;

  readonly streams = new Streams({
    send: (bytes) => {
      if (this.socket?.readyState !== WebSocket.OPEN) return false;
      this.socket.send(bytes);
      return true;
    },
    finish: (stream) => this.notify('stream.finish', { stream }),
    shut: (stream) => this.notify('stream.close', { stream }),
  });

  private readonly asked = new Map<number, Asked>();
  private socket: WebSocket | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pause_ms = FIRST_PAUSE_MS;
  private next_id = 1;
  private open_id = 0;
  private to_grant = 0;
  private draw: Draw | undefined;
  private undrawn: Uint8Array[] = [];

  constructor(
    private readonly session: string,
    private readonly changed: () => void, // the session's row is worth asking for again
  ) {
    void this.connect();
  }

  close(): void {
    this.state.value = 'over';
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = undefined;
    this.forget_asked();
  }

  // Asks, and waits for the answer; what the product or the gateway says against it is the error.
  call(method: string, params: Params = {}): Promise<Params> {
    const id = this.next_id++;
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject });
      if (!this.send_control({ id, method, params })) this.answer_asked({ id, error: { message: '' } });
    });
  }

  notify(method: string, params: Params = {}): void {
    this.send_control({ method, params });
  }

  // Runs one of the pack's checks; its course is in `runs`.
  run(name: string, by: string, args?: Params): void {
    const id = this.next_id++;
    this.runs.value = [{ id, name, by, started_ms: Date.now(), output: '' }, ...this.runs.value].slice(0, KEPT_RUNS);
    const params = { name, run: id, ...(args ? { args } : {}) };
    if (!this.send_control({ id, method: 'diagnose.run', params })) this.finish_run(id, { error: {} });
  }

  cancel_run(id: number): void {
    this.notify('diagnose.cancel', { run: id });
  }

  open_terminal(cols: number, rows: number): void {
    this.open_id = this.next_id++;
    batch(() => {
      this.error.value = '';
      this.is_echo_on.value = true;
      this.terminal_end.value = undefined;
      this.is_terminal_open.value = this.send_control({
        id: this.open_id,
        method: 'terminal.open',
        params: { cols, rows, term: 'xterm-256color' },
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

  private async connect(): Promise<void> {
    try {
      const socket = await open_socket(`/sessions/${this.session}/ws`, 'fieldline.session.1');
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
    this.state.value = FINAL_REASONS.includes(reason) ? 'replaced' : 'lost';
    for (const run of this.runs.value) this.finish_run(run.id, { error: {} });
    this.forget_asked();
    this.changed();
    if (this.state.value === 'replaced') return;
    this.timer = setTimeout(() => void this.connect(), this.pause_ms);
    this.pause_ms = Math.min(this.pause_ms * 2, LONGEST_PAUSE_MS);
  }

  private send_control(message: Control): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
    return true;
  }

  private forget_asked(): void {
    this.streams.lost();
    for (const id of [...this.asked.keys()]) this.answer_asked({ id, error: { message: '' } });
  }

  private answer_asked(message: Control): boolean {
    const asked = this.asked.get(Number(message.id));
    if (!asked) return false;
    this.asked.delete(Number(message.id));
    if (message.error) asked.reject(new Error(message.error.message ?? ''));
    else asked.resolve((message.result ?? {}) as Params);
    return true;
  }

  private binary(message: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    if (message[0] === TERMINAL) this.output(message.subarray(1));
    else if (message[0] === STREAM) this.streams.received(view.getUint16(1), message.subarray(3));
    else if (message[0] === CREDIT && message[1] === STREAM) this.streams.credited(view.getUint16(2), view.getUint32(4));
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

  private control(message: Control | undefined): void {
    if (!message) return;
    if (message.method) this.methods[message.method]?.(message.params ?? {});
    else if (message.id === this.open_id && message.error) {
      batch(() => {
        this.is_terminal_open.value = false;
        this.error.value = message.error?.message ?? '';
      });
    } else if (typeof message.id === 'number' && !this.answer_asked(message)) this.finish_run(message.id, message);
  }

  private finish_run(id: number, message: Control): void {
    const result = message.result as Params | undefined;
    this.runs.value = this.runs.value.map((run): Run => {
      if (run.id !== id || run.result || run.error !== undefined) return run;
      if (!result) return { ...run, error: message.error?.message ?? '' };
      return {
        ...run,
        output: run.output || text_of(result.output), // an older agent says it all at the end
        result: {
          exit: number_of(result.exit),
          truncated: result.truncated === true,
          took_ms: number_of(result.took_ms),
          timed_out: result.timed_out === true,
          cancelled: result.cancelled === true,
        },
      };
    });
  }

  // What comes without having been asked for.
  private readonly methods: Record<string, (params: Params) => void> = {
    'session.state': (p) => {
      batch(() => {
        this.told.value = {
          capabilities: Array.isArray(p.capabilities) ? p.capabilities.map(String) : [],
          may_type: p.may_type === true,
          deadline_mono_ms: p.state === 'live' ? performance.now() + number_of(p.seconds_left) * 1_000 : undefined,
        };
        this.is_terminal_open.value = p.terminal_open === true;
        this.streams.used(number_of(p.last_stream));
      });
      this.changed();
    },
    'stream.closed': (p) => this.streams.closed(number_of(p.stream), { reason: text_of(p.reason), sha256: text_of(p.sha256) }),
    'diagnose.output': (p) => {
      this.runs.value = this.runs.value.map((run) => (run.id === p.id ? { ...run, output: run.output + text_of(p.text) } : run));
    },
    'session.error': (p) => {
      this.error.value = text_of(p.text) || text_of(p.code);
    },
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
      if (typeof p.values === 'object' && p.values !== null) this.on_sample(p.values as Params, number_of(p.t));
    },
    'observe.log': (p) => this.on_log({ t: number_of(p.t), severity: number_of(p.sev), app: text_of(p.app), text: text_of(p.msg) }),
  };
}
