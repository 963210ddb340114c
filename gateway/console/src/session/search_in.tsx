// Search in one recording: over its rendered lines, which the gateway keeps; n and N go from hit to hit.
import { useEffect, useState } from 'preact/hooks';
import { get, with_query } from '../api/client';
import { as_problem, type Problem } from '../api/problem';
import type { LineHit, Page } from '../api/types';
import { set_query } from '../router';
import { duration } from '../time';
import { ProblemNote } from '../ui/problem_note';
import { SearchBox } from '../ui/search_box';
import { t } from '../words/words';
import { Excerpt } from './excerpt';

const HITS = 200;

export interface Found {
  hits: LineHit[]; // in the order of time
  place: number; // of the one that is looked at; -1: none yet
}

export function SearchIn({
  session,
  words,
  found,
  set_found,
  go_to,
}: {
  session: string;
  words: string;
  found: Found;
  set_found: (found: Found) => void;
  go_to: (place: number) => void;
}) {
  const [problem, set_problem] = useState<Problem>();
  useEffect(() => {
    const abort = new AbortController();
    const search = async (): Promise<void> => {
      set_problem(undefined);
      if (!words.trim()) {
        set_found({ hits: [], place: -1 });
        return;
      }
      try {
        const page = await get<Page<LineHit, number>>(with_query('/sessions/search', { q: words, session, limit: HITS }), abort.signal);
        if (!abort.signal.aborted) set_found({ hits: page.items.sort((a, b) => a.t_ms - b.t_ms || a.n - b.n), place: -1 });
      } catch (error) {
        if (!abort.signal.aborted) set_problem(as_problem(error));
      }
    };
    void search();
    return () => abort.abort();
  }, [session, words]);
  const { hits, place } = found;
  return (
    <section class="replay-search">
      <div class="page-head">
        <SearchBox label={t('replay.search')} value={words} change={(q) => set_query({ q })} />
        {words.trim() !== '' && (
          <span class="inline" aria-live="polite">
            {hits.length === 0 ? t('replay.no_hit') : t('replay.hits', { place: place + 1, count: hits.length })}
          </span>
        )}
        {hits.length > 0 && (
          <span class="inline">
            <button type="button" onClick={() => go_to(place - 1)} aria-keyshortcuts="Shift+N">
              {t('replay.hit_before')}
            </button>
            <button type="button" onClick={() => go_to(place + 1)} aria-keyshortcuts="n">
              {t('replay.hit_next')}
            </button>
          </span>
        )}
      </div>
      {problem && <ProblemNote problem={problem} />}
      {hits.length > 0 && (
        <ol class="hits">
          {hits.map((hit, i) => (
            <li key={hit.id} aria-current={i === place}>
              <button type="button" class="plain number" onClick={() => go_to(i)}>
                {duration(hit.t_ms)}
              </button>{' '}
              <b>{hit.author}</b> <Excerpt pieces={hit.excerpt} />
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
