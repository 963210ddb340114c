// asciinema-player around one recording. It draws with WebAssembly, so the page's policy must allow 'wasm-unsafe-eval'.
import { create } from 'asciinema-player';
import player_css from 'asciinema-player/dist/bundle/asciinema-player.css' with { type: 'text' };
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { adopt_style } from '../style/adopt';
import { LONGEST_PAUSE_S, played_time } from './played_time';
import type { Cast } from './transcript';

adopt_style(player_css);

export type Seek = (at_s: number) => void;

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
