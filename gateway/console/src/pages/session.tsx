// One session from the request to its end: waiting for the owner, live, or over with its reason and what to do next.
import { useEffect, useState } from 'preact/hooks';
import { get, get_text, post } from '../api/client';
import { me } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import { useResource } from '../api/resource';
import type { DeviceDetail, Notice, Session } from '../api/types';
import type { PageProps } from '../routes';
import { DiagnosePane } from '../session/diagnose';
import { FilesPane } from '../session/files';
import { Leg } from '../session/leg';
import { ObservePane } from '../session/observe';
import { TerminalPane } from '../session/terminal';
import { so_far, type SoFar } from '../session/transcript';
import { Waiting } from '../session/waiting';
import { duration, now_ms } from '../time';
import { Dialog } from '../ui/dialog';
import { Loaded } from '../ui/loaded';
import { ProblemNote } from '../ui/problem_note';
import { is_open, SessionState, why_text } from '../ui/session_table';
import { Time } from '../ui/time';
import { t, t_or } from '../words/words';

function Facts({ session }: { session: Session }) {
  return (
    <dl class="facts">
      <div>
        <dt>{t('session.state')}</dt>
        <dd>
          <SessionState session={session} />
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
        <dt>{t('session.may')}</dt>
        <dd>{session.capabilities.map((c) => t_or(`capability.${c}`, c)).join(', ')}</dd>
      </div>
      <div>
        <dt>{t('session.reason')}</dt>
        <dd>{session.reason}</dd>
      </div>
      {session.consent && (
        <div>
          <dt>{t('session.consent')}</dt>
          <dd>
            {t('session.consent_by', { method: session.consent.method, by: session.consent.by })} · <Time at={session.consent.at_ms} />
          </dd>
        </div>
      )}
    </dl>
  );
}

function TimeLeft({ session, leg }: { session: Session; leg: Leg }) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => redraw((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  const told = leg.told.value?.deadline_mono_ms;
  const left_ms = told !== undefined ? told - performance.now() : session.deadline_ms !== null ? session.deadline_ms - now_ms() : undefined;
  if (left_ms === undefined) return null;
  return (
    <span class={left_ms < 120_000 ? 'bad-word' : ''}>
      {t('session.time_left')} <b class="number">{duration(left_ms)}</b>
    </span>
  );
}

function EndDialog({ session, close }: { session: Session; close: () => void }) {
  const [problem, set_problem] = useState<Problem>();
  const end = async (): Promise<void> => {
    try {
      await post(`/sessions/${session.id}/end`, { reason: 'ended_by_engineer' });
      close();
    } catch (error) {
      set_problem(as_problem(error));
    }
  };
  return (
    <Dialog title={t('session.end')} close={close}>
      <p>{t('session.end_sure')}</p>
      {problem && <ProblemNote problem={problem} />}
      <div class="buttons end">
        <button type="button" onClick={close}>
          {t('app.cancel')}
        </button>
        <button type="button" class="primary danger" onClick={() => void end()}>
          {t('session.end')}
        </button>
      </div>
    </Dialog>
  );
}

function Live({
  session,
  device,
  before,
  is_mine,
  changed,
}: {
  session: Session;
  device: DeviceDetail;
  before: SoFar;
  is_mine: boolean;
  changed: () => void;
}) {
  const [leg, set_leg] = useState<Leg>();
  const [is_ending, set_ending] = useState(false);
  useEffect(() => {
    const made = new Leg(session.id, changed);
    set_leg(made);
    return () => made.close();
  }, [session.id]);
  if (!leg) return null;
  const may_type = leg.told.value?.may_type ?? is_mine;
  const may = (capability: string): boolean => (leg.told.value?.capabilities ?? session.capabilities).includes(capability);
  return (
    <>
      <div class="live-bar">
        <span class="recorded" title={t('session.recorded_why')}>
          {t('session.recorded')}
        </span>
        <span>{session.engineer}</span>
        <TimeLeft session={session} leg={leg} />
        {leg.state.value === 'connecting' && <span role="status">{t('session.connecting')}</span>}
        <button type="button" class="danger" onClick={() => set_ending(true)}>
          {t('session.end')}
        </button>
      </div>
      {is_ending && <EndDialog session={session} close={() => set_ending(false)} />}
      {leg.state.value === 'lost' && (
        <p class="note bad" role="alert">
          {t('session.lost')}
        </p>
      )}
      {leg.state.value === 'replaced' && (
        <p class="note bad" role="alert">
          {t('session.replaced')}
        </p>
      )}
      {leg.error.value && (
        <p class="note bad" role="alert">
          {t('problem.said', { detail: leg.error.value })}
        </p>
      )}
      {!may_type && <p class="note">{t('session.view_only', { engineer: session.engineer })}</p>}
      {may('shell') && <TerminalPane leg={leg} may_type={may_type} before={before} />}
      {may('files') && <FilesPane leg={leg} may_use={may_type} />}
      <div class="columns">
        {may('diagnose') && <DiagnosePane leg={leg} device={device.id} diagnostics={device.diagnostics} may_run={may_type} />}
        {may('observe') && <ObservePane leg={leg} device={device} may_start={may_type} />}
      </div>
    </>
  );
}

function Over({ session }: { session: Session }) {
  const todo = t_or(`do.${session.why}`, '');
  return (
    <section class="card">
      <p>
        <strong>{why_text(session) || t_or(`sstate.${session.state}`, session.state)}</strong> {todo}
      </p>
      <p class="buttons">
        {session.state === 'ended' && (
          <a class="button primary" href={`/sessions/${session.id}/replay`}>
            {t('session.replay')}
          </a>
        )}
        <a class="button" href={`/tickets/${session.ticket}`}>
          {t('ticket.ticket')} #{session.ticket}
        </a>
      </p>
    </section>
  );
}

const NOTHING_YET: SoFar = { cols: undefined, rows: undefined, screen: '' };

// What was on the terminal before this page came. Without it the session works all the same, with an empty screen.
async function load_so_far(id: string, abort: AbortSignal): Promise<SoFar> {
  try {
    const [transcript, cast] = await Promise.all([get_text(`/sessions/${id}/transcript`, abort), get_text(`/sessions/${id}/cast`, abort)]);
    return so_far(transcript, cast);
  } catch {
    return NOTHING_YET;
  }
}

export function SessionPage({ id }: PageProps) {
  const concerns = (notice: Notice): boolean => notice.kind === 'session' && notice.id === id;
  const path = `/sessions/${encodeURIComponent(id)}`;
  const session = useResource(path, (abort) => get<Session>(path, abort), { concerns, every_ms: 5_000 });
  const is_live = session.data?.state === 'live';
  const ready = useResource(is_live ? `live ${id}` : null, async (abort) => ({
    device: await get<DeviceDetail>(`/devices/${encodeURIComponent(session.data?.device ?? '')}`, abort),
    before: await load_so_far(id, abort),
  }));
  const is_mine = session.data !== undefined && session.data.engineer === me.value?.user;
  const withdraw = (): void => {
    post(`${path}/end`, { reason: 'withdrawn' }).then(session.reload, session.reload);
  };
  return (
    <Loaded from={session}>
      {(data) => (
        <>
          <h1>{t('session.title', { device: data.device })}</h1>
          <Facts session={data} />
          {(data.state === 'asking' || data.state === 'code_required') && <Waiting session={data} is_mine={is_mine} withdraw={withdraw} />}
          {is_live && (
            <Loaded from={ready}>
              {({ device, before }) => <Live session={data} device={device} before={before} is_mine={is_mine} changed={session.reload} />}
            </Loaded>
          )}
          {!is_open(data) && <Over session={data} />}
        </>
      )}
    </Loaded>
  );
}
