// The timeline of a recording: a slider, and above it what happened when. Marks are buttons that lead to their moment; a hole is
// a stretch that shows that something is missing.
import { duration } from '../time';
import { t } from '../words/words';
import { MARKER_WORDS, type Marker, type Typing } from './markers';
import type { Playback } from './playback';

const SIGNS: Record<Marker['kind'], string> = {
  people: '◐',
  check: '✚',
  setting: '⚙',
  file: '▤',
  port: '⇄',
  chat: '✎',
  control: '●',
  refused: '⊘',
  hole: '',
};
const MARKS_SHOWN = 300;

export function Timeline({
  playback,
  markers,
  typing,
  colour_of,
}: {
  playback: Playback;
  markers: Marker[];
  typing: Typing[];
  colour_of: (author: string) => string;
}) {
  const { length_ms } = playback;
  const place = (at_ms: number): string => `${(100 * Math.min(at_ms, length_ms)) / Math.max(1, length_ms)}%`;
  return (
    <div class="replay-timeline">
      <div class="marks">
        {typing.slice(0, MARKS_SHOWN).map((one) => (
          <span
            key={`${one.by} ${one.at_ms}`}
            class={`typing ${colour_of(one.by)}`}
            style={{ left: place(one.at_ms), width: `max(2px, ${place(one.until_ms - one.at_ms)})` }}
            title={t('replay.typed_by', { by: one.by, at: duration(one.at_ms) })}
          />
        ))}
        {markers.slice(0, MARKS_SHOWN).map((one, i) => (
          <button
            key={i}
            type="button"
            class={`mark mark-${one.kind}`}
            style={{ left: place(one.at_ms), ...(one.until_ms === undefined ? {} : { width: `max(4px, ${place(one.until_ms - one.at_ms)})` }) }}
            aria-label={`${duration(one.at_ms)} ${t(MARKER_WORDS[one.kind])} ${one.by} ${one.text}`}
            title={`${duration(one.at_ms)} · ${t(MARKER_WORDS[one.kind])} · ${one.by} ${one.text}`}
            tabIndex={-1}
            onClick={() => playback.seek(one.at_ms)}
          >
            {SIGNS[one.kind]}
          </button>
        ))}
      </div>
      <input
        type="range"
        min={0}
        max={Math.max(1, Math.ceil(length_ms))}
        step={1}
        value={Math.round(playback.now_ms.value)}
        aria-label={t('replay.place')}
        aria-valuetext={duration(playback.now_ms.value)}
        onInput={(event) => playback.seek(Number(event.currentTarget.value))}
      />
    </div>
  );
}
