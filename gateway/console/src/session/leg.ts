// The engineer's end of one live session: the socket, opened again when it breaks, credit for the terminal's output, and what
// was said last as signals. What the terminal, the checks and the live values make of it is theirs.
//
// Credit: output may run ahead of the screen by CREDIT_BYTES and no further; more is granted as the terminal has drawn what
// came. Which input is a secret the gateway decides: it sits where the recording is made.
import { batch, signal } from '@preact/signals';
import { open_socket } from '../api/socket';
import { credit_frame, CREDIT_BYTES, cut_text, frame, FRAME_BYTES, parse_control, TERMINAL, type Control } from './frame';

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
  result?: { exit: number; output: string; truncated: boolean; took_ms: number };
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
  on_sample: (values: Params) => void = () => undefined;
  on_log: (line: { t: number; severity: number; app: string; text: string }) => void = () => undefined;

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
  }

  notify(method: string, params: Params = {}): void {
    this.send_control({ method, params });
  }

  // Runs one of the pack's checks; its course is in `runs`.
  run(name: string, by: string): void {
    const id = this.next_id++;
    this.runs.value = [{ id, name, by, started_ms: Date.now() }, ...this.runs.value].slice(0, KEPT_RUNS);
    if (!this.send_control({ id, method: 'diagnose.run', params: { name } })) this.finish_run(id, { error: {} });
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

  private binary(message: Uint8Array): void {
    if (message[0] === TERMINAL) this.output(message.subarray(1));
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
    } else if (typeof message.id === 'number') this.finish_run(message.id, message);
  }

  private finish_run(id: number, message: Control): void {
    const result = message.result as Params | undefined;
    this.runs.value = this.runs.value.map((run): Run => {
      if (run.id !== id || run.result || run.error !== undefined) return run;
      if (!result) return { ...run, error: message.error?.message ?? '' };
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
      });
      this.changed();
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
      if (typeof p.values === 'object' && p.values !== null) this.on_sample(p.values as Params);
    },
    'observe.log': (p) => this.on_log({ t: number_of(p.t), severity: number_of(p.sev), app: text_of(p.app), text: text_of(p.msg) }),
  };
}
