// Times for people. The gateway's clock counts, not this computer's: answers carry a Date, and what differs by more
// than their travel explains is added to `now_ms`.
import { signal } from '@preact/signals';
import { language } from './words/words';

const BELIEVABLE_MS = 5_000; // Date has whole seconds, and answers take a while
let ahead_ms = 0;

export function learn_server_time(header: string | null): void {
  const server_ms = header === null ? NaN : Date.parse(header);
  if (Number.isNaN(server_ms)) return;
  const difference = server_ms - Date.now();
  ahead_ms = Math.abs(difference) > BELIEVABLE_MS ? difference : 0;
}

export function now_ms(): number {
  return Date.now() + ahead_ms;
}

// Changes every 5 s; whoever shows a relative time reads it.
export const tick = signal(0);
setInterval(() => {
  if (document.visibilityState === 'visible') tick.value++;
}, 5_000);

const STEPS: [limit_s: number, divisor_s: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [60, 1, 'second'],
  [3_600, 60, 'minute'],
  [86_400, 3_600, 'hour'],
  [30 * 86_400, 86_400, 'day'],
  [365 * 86_400, 30 * 86_400, 'month'],
  [Infinity, 365 * 86_400, 'year'],
];
// The reader's own form of the language (British or American dates), where the browser tells it.
export function locale(): string {
  return navigator.languages.find((one) => one.toLowerCase().startsWith(language.value)) ?? language.value;
}

// Formatters are dear to make and cheap to use.
const formatters = new Map<string, Intl.RelativeTimeFormat | Intl.DateTimeFormat>();

export function relative_time(at_ms: number, from_ms = now_ms()): string {
  const seconds = (at_ms - from_ms) / 1_000;
  const key = `relative ${language.value}`;
  const format = (formatters.get(key) ??
    new Intl.RelativeTimeFormat(locale(), { numeric: 'auto', style: 'short' })) as Intl.RelativeTimeFormat;
  formatters.set(key, format);
  if (Math.abs(seconds) < 5) return format.format(0, 'second');
  const step = STEPS.find(([limit_s]) => Math.abs(seconds) < limit_s);
  return step ? format.format(Math.trunc(seconds / step[1]), step[2]) : '';
}

const STYLES: Record<string, Intl.DateTimeFormatOptions> = {
  exact: { dateStyle: 'medium', timeStyle: 'long' },
  short: { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  clock: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
};

function with_style(style: string, at_ms: number): string {
  const key = `${style} ${language.value}`;
  const format = (formatters.get(key) ?? new Intl.DateTimeFormat(locale(), STYLES[style])) as Intl.DateTimeFormat;
  formatters.set(key, format);
  return format.format(at_ms);
}

export function exact_time(at_ms: number): string {
  return with_style('exact', at_ms);
}
export function short_time(at_ms: number): string {
  return with_style('short', at_ms);
}
export function clock_time(at_ms: number): string {
  return with_style('clock', at_ms);
}

// 1:02:03, for clocks that count down or up.
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3_600);
  const rest = `${two(Math.floor((seconds % 3_600) / 60))}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
