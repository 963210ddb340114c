// One session from the request to its end: waiting for the owner, live, or over with its reason and what to do next.
import { get, get_text, post } from '../api/client';
import { me } from '../api/me';
import { useResource } from '../api/resource';
import type { DeviceDetail, Notice, Session } from '../api/types';
import type { PageProps } from '../routes';
import { Room } from '../session/room';
import { AccessFacts, AwaitingApproval, Review } from '../session/approval';
import { so_far, type SoFar } from '../session/transcript';
import { Waiting } from '../session/waiting';
import { Loaded } from '../ui/loaded';
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
      <AccessFacts session={session} />
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
          {data.state === 'awaiting_approval' && <AwaitingApproval session={data} withdraw={withdraw} changed={session.reload} />}
          <Review session={data} changed={session.reload} />
          {(data.state === 'asking' || data.state === 'code_required') && <Waiting session={data} is_mine={is_mine} withdraw={withdraw} />}
          {is_live && (
            <Loaded from={ready}>
              {({ device, before }) => <Room session={data} device={device} before={before} is_mine={is_mine} changed={session.reload} />}
            </Loaded>
          )}
          {!is_open(data) && <Over session={data} />}
        </>
      )}
    </Loaded>
  );
}
