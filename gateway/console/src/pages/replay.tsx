// A recorded session: the terminal to play, every frame with its author, and whether the recording is what was sealed.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api_url, get, get_text } from '../api/client';
import { as_problem, Problem } from '../api/problem';
import { useResource } from '../api/resource';
import type { Session, Verdict } from '../api/types';
import { address } from '../router';
import type { PageProps } from '../routes';
import { FrameList } from '../session/frame_list';
import { markers_of, typing_of } from '../session/markers';
import { Playback } from '../session/playback';
import { Controls, Latest, Screen } from '../session/player';
import { SearchIn, type Found } from '../session/search_in';
import { Timeline } from '../session/timeline';
import { join_typing, parse_cast, parse_transcript, type Cast } from '../session/transcript';
import { Loaded } from '../ui/loaded';
import { ProblemNote } from '../ui/problem_note';
import { is_open, why_text } from '../ui/session_table';
import { Time } from '../ui/time';
import { duration } from '../time';
import { t, t_or } from '../words/words';

interface Recording {
  session: Session;
  cast: Cast | undefined;
  transcript: string;
}

async function or_nothing(text: Promise<string>): Promise<string> {
  try {
    return await text;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return '';
    throw error;
  }
}

async function load_recording(id: string, abort: AbortSignal): Promise<Recording> {
  const path = `/sessions/${encodeURIComponent(id)}`;
  const [session, cast_text, transcript] = await Promise.all([
    get<Session>(path, abort),
    or_nothing(get_text(`${path}/cast`, abort)),
    or_nothing(get_text(`${path}/transcript`, abort)),
  ]);
  return { session, cast: cast_text ? parse_cast(cast_text) : undefined, transcript };
}

function Verify({ id }: { id: string }) {
  const [verdict, set_verdict] = useState<Verdict>();
  const [problem, set_problem] = useState<Problem>();
  const [is_busy, set_busy] = useState(false);
  const check = async (): Promise<void> => {
    set_busy(true);
    set_problem(undefined);
    set_verdict(undefined);
    try {
      set_verdict(await get<Verdict>(`/sessions/${encodeURIComponent(id)}/verify`));
    } catch (error) {
      set_problem(as_problem(error));
    }
    set_busy(false);
  };
  return (
    <div class="verify" aria-live="polite">
      <button type="button" disabled={is_busy} onClick={() => void check()}>
        {t(is_busy ? 'replay.checking' : 'replay.verify')}
      </button>
      {problem && <ProblemNote problem={problem} />}
      {verdict && (
        <div class={`note ${verdict.ok ? 'good' : 'bad'}`}>
          <p>
            <strong>
              {verdict.ok ? '✓' : '✗'} {t(verdict.ok ? 'replay.ok' : 'replay.bad')}
            </strong>{' '}
            {t(verdict.countersigned ? 'replay.countersigned' : 'replay.not_countersigned')} {t('replay.count', { count: verdict.frames })}
          </p>
          {verdict.text && <p class="small">{verdict.text}</p>}
        </div>
      )}
    </div>
  );
}

function Facts({ session }: { session: Session }) {
  return (
    <dl class="facts">
      <div>
        <dt>{t('device.device')}</dt>
        <dd>
          <a href={`/devices/${session.device}`}>{session.device}</a>
        </dd>
      </div>
      <div>
        <dt>{t('ticket.ticket')}</dt>
        <dd>
          <a href={`/tickets/${session.ticket}`}>#{session.ticket}</a>
        </dd>
      </div>
      <div>
        <dt>{t('session.engineer')}</dt>
        <dd>{session.engineer}</dd>
      </div>
      <div>
        <dt>{t('session.started')}</dt>
        <dd>
          <Time at={session.started_ms} is_exact />
        </dd>
      </div>
      {session.started_ms !== null && session.ended_ms !== null && (
        <div>
          <dt>{t('session.length')}</dt>
          <dd>{duration(session.ended_ms - session.started_ms)}</dd>
        </div>
      )}
      <div>
        <dt>{t('session.ended')}</dt>
        <dd>{why_text(session) || '–'}</dd>
      </div>
      <div>
        <dt>{t('session.may')}</dt>
        <dd>{session.capabilities.map((c) => t_or(`capability.${c}`, c)).join(', ')}</dd>
      </div>
      <div>
        <dt>{t('session.recording')}</dt>
        <dd class={session.complete ? 'good-word' : 'bad-word'}>{t(session.complete ? 'session.complete' : 'session.incomplete')}</dd>
      </div>
    </dl>
  );
}

const COLOURS = 5;
const STEP_MS = 5_000;
const LONG_STEP_MS = 30_000;

function is_field(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.getAttribute('type') !== 'range';
}

function Recorded({ recording }: { recording: Recording }) {
  const { session, cast, transcript } = recording;
  const { query } = address.value;
  const raw = useMemo(() => parse_transcript(transcript, cast, (count) => t('replay.hidden', { count })), [transcript, cast]);
  const frames = useMemo(() => join_typing(raw), [raw]);
  const markers = useMemo(() => markers_of(raw), [raw]);
  const typing = useMemo(() => typing_of(raw), [raw]);
  const authors = useMemo(() => [...new Set(typing.map((one) => one.by))], [typing]);
  const playback = useMemo(() => {
    const moments = raw.map((frame) => frame.t_ms);
    const made = new Playback(moments[moments.length - 1] ?? 0, moments);
    made.seek(Number(query.get('t')) || 0);
    return made;
  }, [raw]);
  useEffect(() => () => playback.pause(), [playback]);
  const [found, set_found] = useState<Found>({ hits: [], place: -1 });
  const colour_of = (author: string): string => `by-${Math.max(0, authors.indexOf(author)) % COLOURS}`;
  const has_terminal = cast !== undefined && cast.events.length > 0;

  const go_to = (place: number): void => {
    const { hits } = found;
    if (hits.length === 0) return;
    const at = (place + hits.length) % hits.length;
    playback.pause();
    playback.seek(hits[at]?.t_ms ?? 0);
    set_found({ hits, place: at });
  };
  const next_input = (by: string): void => {
    const next = typing.find((one) => one.by === by && one.at_ms > playback.now_ms.value) ?? typing.find((one) => one.by === by);
    if (next) playback.seek(next.at_ms);
  };
  const keys: Record<string, (event: KeyboardEvent) => void> = {
    ' ': () => playback.toggle(),
    ArrowLeft: (event) => playback.seek(playback.now_ms.value - (event.shiftKey ? LONG_STEP_MS : STEP_MS)),
    ArrowRight: (event) => playback.seek(playback.now_ms.value + (event.shiftKey ? LONG_STEP_MS : STEP_MS)),
    n: () => go_to(found.place + 1),
    N: () => go_to(found.place - 1),
    i: () => next_input(authors[0] ?? ''),
    '+': () => playback.faster(1),
    '-': () => playback.faster(-1),
  };
  const pressed = useRef(keys);
  pressed.current = keys;
  useEffect(() => {
    const on_key = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || is_field(event.target)) return;
      if (event.key === ' ' && event.target instanceof HTMLButtonElement) return; // presses that button
      const act = pressed.current[event.key];
      if (!act) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener('keydown', on_key);
    return () => document.removeEventListener('keydown', on_key);
  }, []);
  const holes = markers.filter((one) => one.kind === 'hole').length;
  return (
    <>
      {holes > 0 && <p class="note bad">{t('replay.holes', { count: holes })}</p>}
      <section>
        <h2>{t('replay.terminal')}</h2>
        {has_terminal ? (
          <Screen cast={cast} playback={playback} />
        ) : (
          <>
            <p class="quiet">{t('replay.no_terminal')}</p>
            <Latest frames={frames} playback={playback} />
          </>
        )}
        <Timeline playback={playback} markers={markers} typing={typing} colour_of={colour_of} />
        <Controls playback={playback} authors={authors} next_input={next_input} />
        <p class="quiet small">{t('replay.keys')}</p>
      </section>
      <SearchIn session={session.id} words={query.get('q') ?? ''} found={found} set_found={set_found} go_to={go_to} />
      <FrameList frames={frames} seek={(at_ms) => playback.seek(at_ms)} colour_of={colour_of} />
    </>
  );
}

function Played({ recording }: { recording: Recording }) {
  const { session, transcript } = recording;
  const path = api_url(`/sessions/${session.id}`);
  return (
    <>
      <Facts session={session} />
      {is_open(session) ? <p class="note">{t('replay.not_yet')}</p> : transcript && <Verify id={session.id} />}
      {!transcript && !is_open(session) && <p class="note">{t('replay.none')}</p>}
      {transcript && (
        <>
          <Recorded recording={recording} />
          <p class="buttons">
            <a href={`${path}/cast`} download={`${session.id}.cast`}>
              {t('replay.download_cast')}
            </a>
            <a href={`${path}/transcript`} download={`${session.id}.jsonl`}>
              {t('replay.download_transcript')}
            </a>
            <a href={`${path}/seal`} download={`${session.id}.seal`}>
              {t('replay.download_seal')}
            </a>
          </p>
        </>
      )}
    </>
  );
}

export function Replay({ id }: PageProps) {
  const recording = useResource(`replay ${id}`, (abort) => load_recording(id, abort));
  return (
    <>
      <h1>{t('replay.title', { id: id.slice(0, 8) })}</h1>
      <Loaded from={recording}>{(data) => <Played recording={data} />}</Loaded>
    </>
  );
}
