import type { Ticket } from '../api/types';
import { t, t_or } from '../words/words';
import { SeverityMark } from './severity';
import { Table, type Column } from './table';
import { Time } from './time';

export function TicketState({ state }: { state: string }) {
  return <span class={`state ${state}`}>{t_or(`state.${state}`, state)}</span>;
}

export function TicketTable({ tickets, has_device = true }: { tickets: Ticket[]; has_device?: boolean }) {
  const columns: Column<Ticket>[] = [
    { head: t('ticket.number'), is_number: true, cell: (k) => <a href={`/tickets/${k.id}`}>#{k.id}</a> },
    { head: t('severity.label'), cell: (k) => <SeverityMark severity={k.severity} /> },
    {
      head: t('ticket.subject'),
      is_main: true,
      cell: (k) => (
        <>
          <a href={`/tickets/${k.id}`}>{k.subject}</a>{' '}
          {k.repeats > 0 && <span class="tag">{t('ticket.repeats', { count: k.repeats })}</span>}
        </>
      ),
    },
    { head: t('ticket.state'), cell: (k) => <TicketState state={k.state} /> },
    { head: t('ticket.assignee'), is_wide_only: true, cell: (k) => k.assignee ?? <span class="quiet">{t('ticket.nobody')}</span> },
    { head: t('ticket.opened'), is_wide_only: true, cell: (k) => <Time at={k.opened_ms} /> },
    { head: t('ticket.updated'), is_wide_only: true, cell: (k) => <Time at={k.updated_ms} /> },
  ];
  if (has_device)
    columns.splice(3, 0, {
      head: t('device.device'),
      is_wide_only: true,
      cell: (k) => <a href={`/devices/${k.device}`}>{k.device}</a>,
    });
  return <Table label={t('nav.tickets')} columns={columns} rows={tickets} row_key={(k) => k.id} />;
}
