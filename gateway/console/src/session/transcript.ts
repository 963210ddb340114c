// A recording as the gateway hands it out (gateway/sessions/transcript.h): JSON lines, one a frame, and beside them the
// asciicast that holds what the terminal showed. A frame names its line of the cast. Lines that this console cannot read are
// kept as they are: a recording is shown whole or said to be broken, never quietly shortened.
export interface Frame {
  n: number;
  dir: 'up' | 'down' | 'gate';
  t_ms: number;
  channel: number;
  by: string;
  bytes: number;
  method: string; // of a control frame: its method, or "result"/"error" of an answer
  text: string; // for a person
  params?: unknown; // of a control frame; of a refusal: its error
}
export interface CastEvent {
  at_s: number;
  kind: string; // o, i, r
  text: string;
}
export interface Cast {
  width: number;
  height: number;
  events: CastEvent[];
  by_line: Map<number, CastEvent>; // 1 is the header
}

const TERMINAL = 1;
const TERMINAL_SECRET = 2;
const STREAM = 3;

export function parse_cast(text: string): Cast {
  const lines = text.split('\n');
  const head = JSON.parse(lines[0] || '{}') as { width?: number; height?: number };
  const cast: Cast = { width: head.width ?? 80, height: head.height ?? 24, events: [], by_line: new Map() };
  for (const [i, line] of lines.entries()) {
    if (i === 0 || !line) continue;
    const [at_s, kind, data] = JSON.parse(line) as [number, string, string];
    const event = { at_s, kind, text: data };
    cast.events.push(event);
    cast.by_line.set(i + 1, event);
  }
  return cast;
}

interface Line {
  n?: number;
  dir?: Frame['dir'];
  t_ms?: number;
  ch?: number;
  by?: string;
  cast?: number;
  len?: number;
  data?: { method?: string; params?: unknown; result?: unknown; error?: unknown };
}

function control_text(data: Line['data']): { method: string; text: string; params?: unknown } {
  if (!data) return { method: '', text: '' };
  if (data.method) return { method: data.method, params: data.params, text: data.params === undefined ? '' : JSON.stringify(data.params) };
  return data.error === undefined
    ? { method: 'result', text: JSON.stringify(data.result) }
    : { method: 'error', text: JSON.stringify(data.error), params: data.error };
}

// What a terminal frame says to a reader: escape sequences are left out, control characters become visible signs.
export function visible(text: string, is_typed: boolean): string {
  return text
    .replace(/\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>78]/g, '')
    .replace(/\r\n/g, '\n')
    .replace(/\r/g, is_typed ? '⏎' : '')
    .replace(/[\x00-\x09\x0b-\x1f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\x7f/g, '⌫')
    .replace(/[\x80-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, '');
}

export function parse_transcript(text: string, cast: Cast | undefined, hidden: (bytes: number) => string): Frame[] {
  const frames: Frame[] = [];
  for (const [i, source] of text.split('\n').entries()) {
    if (i === 0 || !source) continue; // the first line says whose recording it is
    let line: Line;
    try {
      line = JSON.parse(source) as Line;
    } catch {
      frames.push({ n: i, dir: 'gate', t_ms: 0, channel: 0, by: '', bytes: 0, method: '?', text: source });
      continue;
    }
    const channel = line.ch ?? 0;
    const bytes = line.len ?? 0;
    const said =
      channel === TERMINAL
        ? { method: '', text: visible(cast?.by_line.get(line.cast ?? 0)?.text ?? '', line.dir === 'down') }
        : channel === TERMINAL_SECRET
          ? { method: '', text: hidden(Math.max(0, bytes - 16)) }
          : channel === STREAM
            ? { method: 'stream', text: `${bytes} B` }
            : control_text(line.data);
    frames.push({ n: line.n ?? i, dir: line.dir ?? 'gate', t_ms: line.t_ms ?? 0, channel, by: line.by ?? '', bytes, ...said });
  }
  return frames;
}

// A person types letter by letter, and each letter comes back; a reader wants lines. What one author types up to Enter becomes
// one frame, and so does what the product shows meanwhile.
export function join_typing(frames: Frame[], within_ms = 2_000): Frame[] {
  const joined: Frame[] = [];
  const open: { up?: number | undefined; down?: number | undefined } = {}; // places in `joined`
  const last_ms = { up: 0, down: 0 };
  for (const frame of frames) {
    const { dir } = frame;
    const last = joined.at(-1);
    if (frame.channel === STREAM && last?.channel === STREAM && last.dir === dir && last.by === frame.by) {
      const bytes = last.bytes + frame.bytes; // a file or a picture is many frames, and no text: one line
      joined[joined.length - 1] = { ...last, bytes, text: `${bytes} B` };
      continue;
    }
    if (frame.channel !== TERMINAL || dir === 'gate') {
      open.up = open.down = undefined;
      joined.push(frame);
      continue;
    }
    const place = open[dir];
    const before = place === undefined ? undefined : joined[place];
    if (place !== undefined && before && before.by === frame.by && frame.t_ms - last_ms[dir] < within_ms) {
      joined[place] = { ...before, bytes: before.bytes + frame.bytes, text: before.text + frame.text };
    } else {
      open[dir] = joined.push(frame) - 1;
    }
    last_ms[dir] = frame.t_ms;
    if (dir === 'down' && frame.text.includes('⏎')) open.up = open.down = undefined;
  }
  return joined;
}

// What the terminal of a running session shows, for somebody who joins or comes back.
export interface SoFar {
  cols: number | undefined;
  rows: number | undefined;
  screen: string;
}
const REDRAWN_CHARS = 256 * 1024;

export function so_far(transcript: string, cast_text: string): SoFar {
  const cast = parse_cast(cast_text);
  const frames = parse_transcript(transcript, cast, () => '');
  let size: { cols?: number; rows?: number } = {};
  for (const one of frames) {
    if (one.method === 'terminal.open' || one.method === 'terminal.resize') size = JSON.parse(one.text || '{}') as typeof size;
  }
  const screen = cast.events
    .filter((event) => event.kind === 'o')
    .map((event) => event.text)
    .join('');
  return { cols: size.cols, rows: size.rows, screen: screen.slice(-REDRAWN_CHARS) };
}
