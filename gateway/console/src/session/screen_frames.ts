// The screens in a recording: of each screen.open the bytes that the product's VNC server sent, with their times.
export interface ScreenFrame {
  t_ms: number;
  bytes: Uint8Array;
}
export interface RecordedScreen {
  stream: number;
  name: string;
  by: string;
  begin_ms: number;
  end_ms: number;
  frames: ScreenFrame[];
}

const STREAM = 3;
const HEAD_BYTES = 2; // the stream's number

interface Line {
  dir?: string;
  t_ms?: number;
  ch?: number;
  by?: string;
  data?: unknown;
}

function bytes_of(text: string): Uint8Array {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

export function recorded_screens(transcript: string): RecordedScreen[] {
  const found = new Map<number, RecordedScreen>();
  for (const [i, source] of transcript.split('\n').entries()) {
    if (i === 0 || !(source.includes('"screen.open"') || source.includes(`"ch":${STREAM}`))) continue;
    let line: Line;
    try {
      line = JSON.parse(source) as Line;
    } catch {
      continue; // the list of frames shows it as it is
    }
    const t_ms = line.t_ms ?? 0;
    if (line.ch === STREAM) {
      if (typeof line.data !== 'string' || line.dir !== 'up') continue;
      const bytes = bytes_of(line.data);
      const screen = found.get(((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0));
      if (!screen) continue;
      screen.frames.push({ t_ms, bytes: bytes.subarray(HEAD_BYTES) });
      screen.end_ms = t_ms;
      continue;
    }
    const { method, params } = (line.data ?? {}) as { method?: string; params?: { stream?: number; name?: string } };
    if (method !== 'screen.open' || line.dir !== 'down' || typeof params?.stream !== 'number') continue;
    found.set(params.stream, { stream: params.stream, name: params.name ?? '', by: line.by ?? '', begin_ms: t_ms, end_ms: t_ms, frames: [] });
  }
  return [...found.values()].filter((screen) => screen.frames.length > 0);
}
