// Search in everything that recorded sessions showed: what could be read on the terminal, what was typed, checks, settings,
// files, chat, log lines. Each hit leads to its moment in the recording.
import { useState } from 'preact/hooks';
import { get, with_query } from '../api/client';
import { as_problem, type Problem } from '../api/problem';
import { useResource } from '../api/resource';
import type { LineHit, Page } from '../api/types';
import { address, set_query } from '../router';
import { Excerpt } from '../session/excerpt';
import { duration } from '../time';
import { Loaded } from '../ui/loaded';
import { ProblemNote } from '../ui/problem_note';
import { SearchBox } from '../ui/search_box';
import { Time } from '../ui/time';
import { t, t_or } from '../words/words';

export const LINE_KINDS = ['screen', 'typed', 'diagnostic', 'parameter', 'file', 'port', 'chat', 'log'];
const DAY_MS = 86_400_000;
const SINCE_DAYS = [0, 1, 7, 30, 365];

type Hits = Page<LineHit, number>;

function HitList({ first, path, words }: { first: Hits; path: string; words: string }) {
  const [more, set_more] = useState<Hits[]>([]);
  const [problem, set_problem] = useState<Problem>();
  const pages = [first, ...more];
  const next = pages[pages.length - 1]?.next;
  const load = async (): Promise<void> => {
    set_problem(undefined);
    try {
      const page = await get<Hits>(with_query(path, { after: next ?? undefined }));
      set_more([...more, page]);
    } catch (error) {
      set_problem(as_problem(error));
    }
  };
  const hits = pages.flatMap((page) => page.items);
  return (
    <>
      {hits.length === 0 && !next && <p class="note">{t('search.none')}</p>}
      <ol class="hits found">
        {hits.map((hit) => (
          <li key={hit.id}>
            <p class="small quiet">
              <a href={with_query(`/sessions/${hit.session}/replay`, { t: hit.t_ms, q: words })}>
                <Time at={hit.at_ms} is_exact /> · {duration(hit.t_ms)}
              </a>{' '}
              · {t_or(`line.${hit.kind}`, hit.kind)} · <b>{hit.author}</b> · <a href={`/devices/${hit.device}`}>{hit.device}</a> ·{' '}
              <a href={`/tickets/${hit.ticket}`}>#{hit.ticket}</a>
            </p>
            <a class="excerpt-link" href={with_query(`/sessions/${hit.session}/replay`, { t: hit.t_ms, q: words })}>
              <Excerpt pieces={hit.excerpt} />
            </a>
          </li>
        ))}
      </ol>
      {problem && <ProblemNote problem={problem} />}
      {next && (
        <p>
          <button type="button" onClick={() => void load()}>
            {t('app.more')}
          </button>
        </p>
      )}
    </>
  );
}

export function SessionSearch() {
  const { query } = address.value;
  const value = (name: string): string => query.get(name) ?? '';
  const words = value('q');
  const days = Number(value('days')) || 0;
  const path = with_query('/sessions/search', {
    q: words,
    kind: value('kind') || undefined,
    device: value('device') || undefined,
    author: value('author') || undefined,
    from_ms: days ? Math.floor(Date.now() / DAY_MS - days) * DAY_MS : undefined,
    limit: 50,
  });
  const hits = useResource(words.trim() ? path : null, (abort) => get<Hits>(path, abort));
  return (
    <>
      <h1>{t('search.title')}</h1>
      <div class="page-head">
        <SearchBox label={t('search.words')} value={words} change={(q) => set_query({ q })} />
        <label class="inline">
          {t('search.kind')}
          <select value={value('kind')} onChange={(event) => set_query({ kind: event.currentTarget.value })}>
            <option value="">{t('search.any')}</option>
            {LINE_KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {t_or(`line.${kind}`, kind)}
              </option>
            ))}
          </select>
        </label>
        <label class="inline">
          {t('search.since')}
          <select value={String(days)} onChange={(event) => set_query({ days: event.currentTarget.value === '0' ? '' : event.currentTarget.value })}>
            {SINCE_DAYS.map((count) => (
              <option key={count} value={String(count)}>
                {count === 0 ? t('search.ever') : t('search.days', { count })}
              </option>
            ))}
          </select>
        </label>
        <label class="inline">
          {t('device.device')}
          <input value={value('device')} maxLength={63} size={12} onChange={(event) => set_query({ device: event.currentTarget.value.trim() })} />
        </label>
        <label class="inline">
          {t('search.author')}
          <input value={value('author')} maxLength={63} size={12} onChange={(event) => set_query({ author: event.currentTarget.value.trim() })} />
        </label>
      </div>
      {words.trim() ? (
        <Loaded from={hits}>{(first) => <HitList key={path} first={first} path={path} words={words} />}</Loaded>
      ) : (
        <p class="quiet">{t('search.hint')}</p>
      )}
    </>
  );
}
