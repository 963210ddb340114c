// The clock of a recording: where it is, how fast it runs, and when it skips. It knows times only; who shows something follows
// `now_ms`. Times in which nothing happens can be skipped; what happens next is then a moment away.
import { signal } from '@preact/signals';

export const SPEEDS = [0.5, 1, 2, 4, 8, 16];
const IDLE_MS = 2_000; // a longer pause is skipped to so much before its end
const LEAD_MS = 500;

export class Playback {
  readonly now_ms = signal(0);
  readonly is_playing = signal(false);
  readonly speed = signal(1);
  readonly skips_idle = signal(true);
  private timer = 0;
  private last_ms = 0;

  // `moments`: when something happens, in order.
  constructor(
    readonly length_ms: number,
    private readonly moments: number[],
  ) {}

  play(): void {
    if (this.is_playing.value) return;
    if (this.now_ms.value >= this.length_ms) this.now_ms.value = 0;
    this.is_playing.value = true;
    this.last_ms = performance.now();
    this.timer = requestAnimationFrame(this.step);
  }
  pause(): void {
    cancelAnimationFrame(this.timer);
    this.is_playing.value = false;
  }
  toggle(): void {
    if (this.is_playing.value) this.pause();
    else this.play();
  }
  seek(to_ms: number): void {
    this.now_ms.value = Math.max(0, Math.min(this.length_ms, to_ms));
  }
  faster(by: number): void {
    const place = SPEEDS.indexOf(this.speed.value) + by;
    this.speed.value = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, place))] ?? 1;
  }

  // The first moment after `after_ms`; a long list is searched by halves.
  next_moment(after_ms: number): number | undefined {
    let low = 0;
    let high = this.moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.moments[middle] ?? 0) > after_ms) high = middle;
      else low = middle + 1;
    }
    return this.moments[low];
  }

  private readonly step = (at_ms: number): void => {
    let now_ms = this.now_ms.value + Math.max(0, at_ms - this.last_ms) * this.speed.value;
    this.last_ms = at_ms;
    const next_ms = this.next_moment(this.now_ms.value) ?? this.length_ms;
    if (this.skips_idle.value && next_ms - now_ms > IDLE_MS) now_ms = next_ms - LEAD_MS;
    this.now_ms.value = Math.min(now_ms, this.length_ms);
    if (this.now_ms.value >= this.length_ms) this.is_playing.value = false;
    else this.timer = requestAnimationFrame(this.step);
  };
}
