// Tickets, newest first, with filters that are part of the address.
import { get, with_query } from '../api/client';
import { useResource } from '../api/resource';
import { TICKET_STATES, type Page, type Ticket } from '../api/types';
import { address, set_query } from '../router';
import { Loaded } from '../ui/loaded';
import { Pager } from '../ui/pager';
import { SearchBox } from '../ui/search_box';
import { TicketTable } from '../ui/ticket_table';
import { t } from '../words/words';

const PAGE = 100;

export function Tickets() {
  const { query } = address.value;
  const state = query.get('state') ?? 'open';
  const q = query.get('q') ?? '';
  const device = query.get('device') ?? '';
  const path = with_query('/tickets', {
    state: state === 'all' ? undefined : state,
    device,
    q,
    before: query.get('before') ?? undefined,
    limit: PAGE,
  });
  const tickets = useResource(path, (abort) => get<Page<Ticket, number>>(path, abort), { concerns: (n) => n.kind === 'ticket' });
  return (
    <>
      <div class="page-head">
        <h1>{t('nav.tickets')}</h1>
        <label class="inline">
          {t('ticket.filter_state')}
          <select
            value={state}
            onChange={(event) => set_query({ state: event.currentTarget.value === 'open' ? '' : event.currentTarget.value, before: '' })}
          >
            <option value="open">{t('ticket.filter_open')}</option>
            <option value="all">{t('ticket.filter_all')}</option>
            {TICKET_STATES.map((one) => (
              <option key={one} value={one}>
                {t(`state.${one}`)}
              </option>
            ))}
          </select>
        </label>
        {device && (
          <button
            type="button"
            class="tag"
            onClick={() => set_query({ device: '', before: '' })}
            aria-label={`${t('device.device')} ${device} ×`}
          >
            {device} ×
          </button>
        )}
        <SearchBox label={t('ticket.search')} value={q} change={(text) => set_query({ q: text.trim(), before: '' })} />
      </div>
      <Loaded from={tickets}>
        {(data) =>
          data.items.length === 0 ? (
            <p class="note">{t(q || device || state !== 'all' ? 'ticket.no_match' : 'ticket.empty')}</p>
          ) : (
            <>
              <TicketTable tickets={data.items} />
              <Pager name="before" next={data.next} />
            </>
          )
        }
      </Loaded>
    </>
  );
}
