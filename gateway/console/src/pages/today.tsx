// The first page: what needs attention now, worst first. Each number leads to its list.
import { get, with_query } from '../api/client';
import { useResource } from '../api/resource';
import { SEVERITIES, type Alarm, type Overview, type Page, type Session, type Ticket } from '../api/types';
import { AlarmTable } from '../ui/alarm_table';
import { HealthNote } from '../ui/health_note';
import { Loaded } from '../ui/loaded';
import { is_open, SessionTable } from '../ui/session_table';
import { SeverityMark } from '../ui/severity';
import { TicketTable } from '../ui/ticket_table';
import { t } from '../words/words';

const ALARMS = 50;
const TICKETS = 20;
const SESSIONS = 50;

function by_urgency(a: Alarm, b: Alarm): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    Number(a.acknowledged) - Number(b.acknowledged) ||
    b.raised_ms - a.raised_ms
  );
}

function Figures({ overview }: { overview: Overview }) {
  const worst = SEVERITIES.filter((s) => overview.alarms[s] > 0);
  return (
    <dl class="figures">
      <div>
        <dt>{t('today.online')}</dt>
        <dd>
          <a href="/fleet">{t('today.online_of', { online: overview.online, devices: overview.devices })}</a>
        </dd>
      </div>
      <div>
        <dt>{t('today.alarms')}</dt>
        <dd>
          {worst.length === 0 ? (
            <span class="quiet">0</span>
          ) : (
            worst.map((s) => <SeverityMark key={s} severity={s} count={overview.alarms[s]} />)
          )}
        </dd>
      </div>
      <div>
        <dt>{t('today.tickets')}</dt>
        <dd>
          <a href="/tickets">{overview.tickets_open}</a>
        </dd>
      </div>
      <div>
        <dt>{t('today.sessions')}</dt>
        <dd>
          <a href="/sessions">{overview.sessions_live}</a>
        </dd>
      </div>
      <div>
        <dt>{t('today.quarantined')}</dt>
        <dd>
          <a href="/quarantine">{overview.quarantined}</a>
        </dd>
      </div>
    </dl>
  );
}

export function Today() {
  const overview = useResource('overview', (abort) => get<Overview>('/overview', abort), { concerns: () => true, every_ms: 15_000 });
  const alarms = useResource('alarms', (abort) => get<Page<Alarm, never>>(with_query('/alarms', { active: true, limit: ALARMS }), abort), {
    concerns: (n) => n.kind === 'alarm' || n.kind === 'ticket',
  });
  const tickets = useResource(
    'tickets',
    (abort) => get<Page<Ticket, number>>(with_query('/tickets', { state: 'open', limit: TICKETS }), abort),
    { concerns: (n) => n.kind === 'ticket' },
  );
  const sessions = useResource('sessions', (abort) => get<Page<Session, never>>(with_query('/sessions', { limit: SESSIONS }), abort), {
    concerns: (n) => n.kind === 'session',
  });
  const under_way = sessions.data?.items.filter(is_open) ?? [];
  const unreviewed = useResource(
    'unreviewed',
    (abort) => get<Page<Session, never>>(with_query('/sessions', { waits: 'review', limit: SESSIONS }), abort),
    { concerns: (n) => n.kind === 'session' || n.kind === 'emergency' },
  );
  const is_calm =
    alarms.data?.items.length === 0 && tickets.data?.items.length === 0 && sessions.data !== undefined && under_way.length === 0;
  return (
    <>
      <h1>{t('today.title')}</h1>
      <HealthNote />
      <Loaded from={overview}>{(data) => <Figures overview={data} />}</Loaded>
      {is_calm && overview.data && overview.data.devices > 0 && <p class="note good">{t('today.calm')}</p>}
      {overview.data?.devices === 0 && <p class="note">{t('fleet.empty')}</p>}
      {unreviewed.data !== undefined && unreviewed.data.items.length > 0 && (
        <section>
          <h2>{t('approvals.reviews')}</h2>
          <SessionTable sessions={unreviewed.data.items} />
        </section>
      )}
      {under_way.length > 0 && (
        <section>
          <h2>{t('today.sessions')}</h2>
          <SessionTable sessions={under_way} />
        </section>
      )}
      <section>
        <h2>{t('today.alarms')}</h2>
        <Loaded from={alarms}>
          {(data) =>
            data.items.length === 0 ? (
              <p class="quiet">{t('today.no_alarms')}</p>
            ) : (
              <AlarmTable alarms={[...data.items].sort(by_urgency)} changed={alarms.reload} has_device />
            )
          }
        </Loaded>
      </section>
      <section>
        <h2>{t('today.tickets')}</h2>
        <Loaded from={tickets}>
          {(data) => (
            <>
              {data.items.length === 0 ? <p class="quiet">{t('today.no_tickets')}</p> : <TicketTable tickets={data.items} />}
              {data.next != null && (
                <p>
                  <a href="/tickets">{t('today.all')}</a>
                </p>
              )}
            </>
          )}
        </Loaded>
      </section>
      <Loaded from={sessions}>{() => null}</Loaded>
    </>
  );
}
