// What everybody's frame shows of remote access: kill switches that are on, and how much waits for a second person. One signal
// for the whole console, loaded when somebody is logged in and again when a notice concerns it.
import { effect, signal } from '@preact/signals';
import { get } from './client';
import { on_notice } from './live';
import { me } from './me';
import type { Access } from './types';

export const access = signal<Access | undefined>(undefined);

const CONCERNS = ['kill', 'approval', 'emergency', 'session', 'resync'];
const AT_MOST_EVERY_MS = 1_000;
const ANYWAY_MS = 30_000; // when no notice comes through
let timer: ReturnType<typeof setTimeout> | undefined;

async function load(): Promise<void> {
  try {
    access.value = await get<Access>('/access');
  } catch {
    // What was there stays; the banner of the connection says the rest.
  }
}

function soon(): void {
  if (timer !== undefined || me.value == null) return;
  timer = setTimeout(() => {
    timer = undefined;
    void load();
  }, AT_MOST_EVERY_MS);
}

export function load_access_now(): void {
  void load();
}

effect(() => {
  if (me.value == null) access.value = undefined;
  else void load();
});
on_notice((notice) => CONCERNS.includes(notice.kind) && soon());
setInterval(() => document.visibilityState === 'visible' && soon(), ANYWAY_MS);
