import type { Session } from '../api/types';
import { duration, now_ms, tick } from '../time';
import { RecordingCell } from '../session/recording';
import { t, t_or } from '../words/words';
import { Table, type Column } from './table';
import { Time } from './time';

export function is_open(session: Session): boolean {
  return session.state === 'awaiting_approval' || session.state === 'asking' || session.state === 'code_required' || session.state === 'live';
}

// Why it is over, in the reader's language; the gateway's sentence where the reason is not known here.
export function why_text(session: Session): string {
  return t_or(`why.${session.why}`, session.text);
}

export function SessionState({ session }: { session: Session }) {
  return <span class={`state session-${session.state}`}>{t_or(`sstate.${session.state}`, session.state)}</span>;
}

function StateAndWhy({ session }: { session: Session }) {
  return (
    <>
      <SessionState session={session} />
      {session.emergency && <span class="tag bad-word">{t('session.emergency')}</span>}
      {session.wants_review && (
        <a class="tag" href={`/sessions/${session.id}`}>
          {t('session.wants_review')}
        </a>
      )}
      {!is_open(session) && session.why && <p class="quiet small">{why_text(session)}</p>}
    </>
  );
}

function length_of(session: Session): string {
  tick.value;
  if (session.started_ms === null) return '–';
  return duration((session.ended_ms ?? now_ms()) - session.started_ms);
}

// `is_brief`: inside the ticket, where product and ticket are known.
export function SessionTable({ sessions, is_brief = false, changed }: { sessions: Session[]; is_brief?: boolean; changed?: () => void }) {
  const all: (Column<Session> & { is_left_out?: boolean })[] = [
    { head: t('session.state'), is_main: true, cell: (s) => <StateAndWhy session={s} /> },
    { head: t('ticket.ticket'), is_left_out: is_brief, cell: (s) => <a href={`/tickets/${s.ticket}`}>#{s.ticket}</a> },
    { head: t('device.device'), is_left_out: is_brief, cell: (s) => <a href={`/devices/${s.device}`}>{s.device}</a> },
    { head: t('session.engineer'), is_wide_only: true, cell: (s) => s.engineer },
    {
      head: t('session.may'),
      is_left_out: is_brief,
      is_wide_only: true,
      cell: (s) => s.capabilities.map((c) => t_or(`capability.${c}`, c)).join(', '),
    },
    { head: t('session.requested'), cell: (s) => <Time at={s.requested_ms} /> },
    { head: t('session.length'), is_number: true, is_wide_only: true, cell: length_of },
    {
      head: t('session.recording'),
      is_wide_only: is_brief,
      cell: (s) => <RecordingCell session={s} changed={changed} />,
    },
    {
      head: t('session.session'),
      cell: (s) => {
        if (is_open(s)) return <a href={`/sessions/${s.id}`}>{t('session.open')}</a>;
        return s.frames > 0 || s.state === 'ended' ? (
          <a href={`/sessions/${s.id}/replay`}>{t('session.replay')}</a>
        ) : (
          <a href={`/sessions/${s.id}`}>{t('ticket.details')}</a>
        );
      },
    },
  ];
  return <Table label={t('session.list')} columns={all.filter((column) => !column.is_left_out)} rows={sessions} row_key={(s) => s.id} />;
}
