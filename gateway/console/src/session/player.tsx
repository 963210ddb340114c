// asciinema-player around one recording. It draws with WebAssembly, so the page's policy must allow 'wasm-unsafe-eval'.
import { create } from 'asciinema-player';
import player_css from 'asciinema-player/dist/bundle/asciinema-player.css' with { type: 'text' };
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { adopt_style } from '../style/adopt';
import type { Cast, CastEvent } from './transcript';

adopt_style(player_css);

export type Seek = (at_s: number) => void;
const LONGEST_PAUSE_S = 3; // longer ones are shortened to this while playing

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

export function Player({ cast_text, cast, seek }: { cast_text: string; cast: Cast; seek: RefObject<Seek | undefined> }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = box.current;
    if (!parent) return undefined;
    const player = create({ data: cast_text }, parent, {
      fit: 'width',
      controls: true,
      preload: true,
      idleTimeLimit: LONGEST_PAUSE_S,
      terminalFontSize: '14px',
    });
    seek.current = (at_s) => {
      void player.seek(played_time(cast.events, at_s));
      parent.scrollIntoView({ block: 'nearest' });
    };
    return () => {
      seek.current = undefined;
      player.dispose();
    };
  }, [cast_text]);
  return <div ref={box} class="player" />;
}
