// Every frame of a recording in order: when, who, what. Searchable, by author, and each leads to its place in the player.
import { useState } from 'preact/hooks';
import { duration } from '../time';
import { SearchBox } from '../ui/search_box';
import { t } from '../words/words';
import type { Frame } from './transcript';

const SHOWN = 1_000;

function author(frame: Frame): string {
  if (frame.dir === 'gate') return frame.by || t('replay.gateway');
  return frame.dir === 'up' ? frame.by || t('replay.product') : frame.by;
}

export function FrameList({
  frames,
  seek,
  colour_of,
}: {
  frames: Frame[];
  seek: ((at_ms: number) => void) | undefined;
  colour_of: (author: string) => string;
}) {
  const [q, set_q] = useState('');
  const [who, set_who] = useState('');
  const authors = [...new Set(frames.map(author))];
  const words = q.toLowerCase();
  const found = frames.filter(
    (frame) => (!who || author(frame) === who) && (!words || `${frame.method} ${frame.text}`.toLowerCase().includes(words)),
  );
  return (
    <section>
      <div class="page-head">
        <h2>{t('replay.frames')}</h2>
        <label class="inline">
          {t('replay.filter')}
          <select value={who} onChange={(event) => set_who(event.currentTarget.value)}>
            <option value="">{t('replay.filter_all')}</option>
            {authors.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <SearchBox label={t('replay.filter_list')} value={q} change={set_q} />
      </div>
      {found.length === 0 && <p class="quiet">{t('replay.no_match')}</p>}
      <ol class="frames">
        {found.slice(0, SHOWN).map((frame) => (
          <li key={frame.n} class={frame.dir}>
            {seek ? (
              <button type="button" class="plain number" title={t('replay.seek')} onClick={() => seek(frame.t_ms)}>
                {duration(frame.t_ms)}
              </button>
            ) : (
              <span class="number">{duration(frame.t_ms)}</span>
            )}
            <b class={frame.dir === 'down' ? colour_of(frame.by) : ''}>{author(frame)}</b>
            <span class="said">
              {frame.method && <b>{frame.method} </b>}
              {frame.text.replace(/^\n+/, '')}
            </span>
          </li>
        ))}
      </ol>
      {found.length > SHOWN && <p class="quiet">{t('replay.shown_first', { shown: SHOWN, count: found.length })}</p>}
    </section>
  );
}
