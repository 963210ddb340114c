// The case file: one ticket with everything that hangs on it.
import { useState } from 'preact/hooks';
import { request } from '../api/client';
import { my_role_is } from '../api/me';
import { useResource } from '../api/resource';
import type { Article, Notice, TicketDetail } from '../api/types';
import type { PageProps } from '../routes';
import { Actions } from '../ticket/actions';
import { AskSession } from '../ticket/ask_session';
import { EvidenceSection } from '../ticket/evidence';
import { Markdown } from '../ticket/markdown';
import { ReportSection } from '../ticket/report';
import { Timeline } from '../ticket/timeline';
import { AlarmTable } from '../ui/alarm_table';
import { Loaded } from '../ui/loaded';
import { SessionTable } from '../ui/session_table';
import { SeverityMark } from '../ui/severity';
import { TicketState } from '../ui/ticket_table';
import { Time } from '../ui/time';
import { language, t, t_or } from '../words/words';

function Facts({ ticket }: { ticket: TicketDetail }) {
  return (
    <dl class="facts">
      <div>
        <dt>{t('ticket.state')}</dt>
        <dd>
          <TicketState state={ticket.state} />
        </dd>
      </div>
      <div>
        <dt>{t('severity.label')}</dt>
        <dd>
          <SeverityMark severity={ticket.severity} />
        </dd>
      </div>
      <div>
        <dt>{t('device.device')}</dt>
        <dd>
          <a href={`/devices/${ticket.device}`}>{ticket.device}</a>
        </dd>
      </div>
      <div>
        <dt>{t('ticket.assignee')}</dt>
        <dd>{ticket.assignee ?? <span class="quiet">{t('ticket.nobody')}</span>}</dd>
      </div>
      <div>
        <dt>{t('ticket.opened')}</dt>
        <dd>
          <Time at={ticket.opened_ms} />
        </dd>
      </div>
      <div>
        <dt>{t('ticket.updated')}</dt>
        <dd>
          <Time at={ticket.updated_ms} />
        </dd>
      </div>
      <div>
        <dt>{t('ticket.source')}</dt>
        <dd>{t_or(`source.${ticket.source}`, ticket.source)}</dd>
      </div>
      {ticket.repeats > 0 && (
        <div>
          <dt>{t('device.alarms')}</dt>
          <dd>{t('ticket.repeats', { count: ticket.repeats })}</dd>
        </div>
      )}
    </dl>
  );
}

// Many articles begin with their own title, which stands above them already.
function without_title({ title, body }: Article): string {
  const [first = '', ...rest] = body.trimStart().split('\n');
  return first.replace(/^#+\s*/, '').trim() === title ? rest.join('\n') : body;
}

function Knowledge({ ticket }: { ticket: TicketDetail }) {
  // Articles in the reader's language first; the others are still better than none.
  const articles = [...ticket.articles].sort(
    (a, b) => Number(b.language.startsWith(language.value)) - Number(a.language.startsWith(language.value)),
  );
  if (articles.length === 0) return <p class="quiet">{t('ticket.no_knowledge')}</p>;
  return (
    <>
      {articles.map((article, i) => (
        <details key={article.id} open={i === 0} lang={article.language}>
          <summary>{article.title}</summary>
          <Markdown text={without_title(article)} />
        </details>
      ))}
    </>
  );
}

function CaseFile({ ticket, etag, reload }: { ticket: TicketDetail; etag: string; reload: () => void }) {
  const [is_asking, set_asking] = useState(false);
  const may_ask = my_role_is('engineer', 'supervisor', 'administrator') && !['closed', 'followed_up'].includes(ticket.state);
  return (
    <>
      <div class="page-head">
        <h1>
          <span class="quiet">#{ticket.id}</span> {ticket.subject}
        </h1>
        {may_ask && (
          <button type="button" class="primary" onClick={() => set_asking(true)}>
            {t('ask.button')}
          </button>
        )}
      </div>
      {is_asking && <AskSession ticket={ticket.id} device={ticket.device} close={() => set_asking(false)} />}
      <Facts ticket={ticket} />
      {ticket.incident && (
        <p class="note">
          {t('incident.ticket_is', { members: ticket.incident.members, active: ticket.incident.members_active })}{' '}
          <a href={`/alarms/incidents/${ticket.incident.id}`}>{t('incident.show')}</a>
        </p>
      )}
      {ticket.alarms.length > 0 && (
        <p class={`note ${ticket.alarm_active ? '' : 'good'}`}>{t(ticket.alarm_active ? 'ticket.still' : 'ticket.healed')}</p>
      )}
      <div class="columns">
        <div>
          <Actions ticket={ticket} etag={etag} reload={reload} />
          <section>
            <h2>{t('ticket.timeline')}</h2>
            <Timeline events={ticket.events} />
          </section>
        </div>
        <div>
          {ticket.alarms.length > 0 && !ticket.incident && (
            <section>
              <h2>{t('ticket.alarms')}</h2>
              <AlarmTable alarms={ticket.alarms} changed={reload} has_ticket={false} />
            </section>
          )}
          <EvidenceSection ticket={ticket.id} />
          <section>
            <h2>{t('ticket.sessions')}</h2>
            {ticket.sessions.length === 0 ? (
              <p class="quiet">{t('ticket.no_sessions')}</p>
            ) : (
              <SessionTable sessions={ticket.sessions} is_brief />
            )}
          </section>
          <section>
            <h2>{t('ticket.knowledge')}</h2>
            <Knowledge ticket={ticket} />
          </section>
          <ReportSection session={ticket.report?.session} />
        </div>
      </div>
    </>
  );
}

export function TicketPage({ id }: PageProps) {
  const concerns = (notice: Notice): boolean =>
    (notice.kind === 'ticket' && notice.id === id) ||
    ((notice.kind === 'session' || notice.kind === 'alarm') && notice.device === ticket.data?.data.device);
  const ticket = useResource(`ticket ${id}`, (abort) => request<TicketDetail>('GET', `/tickets/${encodeURIComponent(id)}`, { abort }), {
    concerns,
  });
  return <Loaded from={ticket}>{({ data, etag }) => <CaseFile ticket={data} etag={etag} reload={ticket.reload} />}</Loaded>;
}
