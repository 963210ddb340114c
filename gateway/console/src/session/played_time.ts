import type { CastEvent } from './transcript';

export const LONGEST_PAUSE_S = 3; // longer ones are shortened to this while playing

// Where a moment of the session lies in the player's time, in which the pauses are shorter.
export function played_time(events: CastEvent[], at_s: number): number {
  let real_s = 0;
  let played_s = 0;
  for (const event of events) {
    const next_s = Math.min(event.at_s, at_s);
    played_s += Math.min(Math.max(0, next_s - real_s), LONGEST_PAUSE_S);
    real_s = next_s;
    if (event.at_s >= at_s) break;
  }
  return played_s;
}
