// A recorded session: the terminal to play, every frame with its author, and whether the recording is what was sealed.
import { useMemo, useRef, useState } from 'preact/hooks';
import { api_url, get, get_text } from '../api/client';
import { as_problem, Problem } from '../api/problem';
import { useResource } from '../api/resource';
import type { Session, Verdict } from '../api/types';
import type { PageProps } from '../routes';
import { FrameList } from '../session/frame_list';
import { Player, type Seek } from '../session/player';
import { ScreenRecordings } from '../session/screen_player';
import { join_typing, parse_cast, parse_transcript, type Cast, type Frame } from '../session/transcript';
import { Loaded } from '../ui/loaded';
import { ProblemNote } from '../ui/problem_note';
import { is_open, why_text } from '../ui/session_table';
import { Time } from '../ui/time';
import { duration } from '../time';
import { t, t_or } from '../words/words';

interface Recording {
  session: Session;
  cast_text: string;
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
  return { session, cast_text, cast: cast_text ? parse_cast(cast_text) : undefined, transcript };
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

function Played({ recording }: { recording: Recording }) {
  const { session, cast, cast_text, transcript } = recording;
  const seek = useRef<Seek | undefined>(undefined);
  const path = api_url(`/sessions/${session.id}`);
  const frames = useMemo(
    (): Frame[] => join_typing(parse_transcript(transcript, cast, (count) => t('replay.hidden', { count }))),
    [transcript, cast],
  );
  const has_terminal = cast !== undefined && cast.events.length > 0;
  return (
    <>
      <Facts session={session} />
      {is_open(session) ? <p class="note">{t('replay.not_yet')}</p> : transcript && <Verify id={session.id} />}
      {!transcript && !is_open(session) && <p class="note">{t('replay.none')}</p>}
      {transcript && (
        <>
          <section>
            <h2>{t('replay.terminal')}</h2>
            {has_terminal ? <Player cast_text={cast_text} cast={cast} seek={seek} /> : <p class="quiet">{t('replay.no_terminal')}</p>}
          </section>
          <ScreenRecordings transcript={transcript} />
          <FrameList frames={frames} seek={has_terminal ? (at_s) => seek.current?.(at_s) : undefined} />
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
