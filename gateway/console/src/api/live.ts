// The gateway's "something changed" notices. Pages register what concerns them through resource.ts; here is only the
// socket: one for the whole console, opened after login, opened again with growing pauses when it closes. Whatever may
// have been missed in between is made up for by a resync notice to everyone.
import { effect, signal } from '@preact/signals';
import { me } from './me';
import { open_socket } from './socket';
import type { Notice } from './types';

export const is_live = signal(false);

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const listeners = new Set<(notice: Notice) => void>();
let socket: WebSocket | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let pause_ms = FIRST_PAUSE_MS;
let wanted = false;
let opened_before = false;

export function on_notice(listener: (notice: Notice) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

effect(() => {
  const is_logged_in = me.value != null;
  if (is_logged_in === wanted) return;
  wanted = is_logged_in;
  if (wanted) void connect();
  else disconnect();
});

function tell(notice: Notice): void {
  for (const listener of [...listeners]) listener(notice);
}

async function connect(): Promise<void> {
  try {
    const fresh = await open_socket('/live', 'fieldline.live.1');
    if (!wanted) {
      fresh.close();
      return;
    }
    socket = fresh;
    fresh.onopen = () => {
      is_live.value = true;
      pause_ms = FIRST_PAUSE_MS;
      if (opened_before) tell({ kind: 'resync' });
      opened_before = true;
    };
    fresh.onmessage = (event) => {
      const notice = parse(event.data);
      if (notice) tell(notice);
    };
    fresh.onclose = () => again(fresh);
  } catch {
    again(undefined);
  }
}

function again(closed: WebSocket | undefined): void {
  if (closed !== socket && closed !== undefined) return;
  socket = undefined;
  is_live.value = false;
  if (!wanted) return;
  clearTimeout(timer);
  timer = setTimeout(() => void connect(), pause_ms * (0.75 + Math.random() / 2));
  pause_ms = Math.min(pause_ms * 2, LONGEST_PAUSE_MS);
}

function disconnect(): void {
  clearTimeout(timer);
  is_live.value = false;
  opened_before = false;
  const old = socket;
  socket = undefined;
  old?.close();
}

function parse(data: unknown): Notice | undefined {
  try {
    const notice = JSON.parse(String(data)) as Notice;
    return typeof notice.kind === 'string' ? notice : undefined;
  } catch {
    return undefined;
  }
}
