// Whether the gateway can be reached. Requests report what they saw; once one got no answer, this asks /healthz (is it
// live?) with growing pauses until it answers, and then everything on the page loads again (`generation` counts these times).
import { signal } from '@preact/signals';

export const is_down = signal(false);
export const generation = signal(0);

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
let pause_ms = FIRST_PAUSE_MS;
let timer: ReturnType<typeof setTimeout> | undefined;

export function link_failed(): void {
  if (is_down.value) return;
  is_down.value = true;
  pause_ms = FIRST_PAUSE_MS;
  plan();
}

export function link_works(): void {
  if (!is_down.value) return;
  clearTimeout(timer);
  is_down.value = false;
  generation.value++;
}

// The person does not want to wait for the pause to pass.
export function try_link_now(): void {
  clearTimeout(timer);
  void ask();
}

function plan(): void {
  timer = setTimeout(() => void ask(), pause_ms);
  pause_ms = Math.min(pause_ms * 2, LONGEST_PAUSE_MS);
}

async function ask(): Promise<void> {
  try {
    const response = await fetch('/healthz?probe=live', { cache: 'no-store', signal: AbortSignal.timeout(5_000) });
    if (response.status < 500) {
      link_works();
      return;
    }
  } catch {
    // still away
  }
  if (is_down.value) plan();
}

window.addEventListener('online', () => {
  if (is_down.value) try_link_now();
});
