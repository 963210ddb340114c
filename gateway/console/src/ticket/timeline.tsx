// The ticket's event log, oldest first, as one reads a story.
import type { TicketEvent } from '../api/types';
import { Time } from '../ui/time';
import { t, t_or } from '../words/words';

function Change({ event }: { event: TicketEvent }) {
  if (event.kind === 'state') {
    return (
      <>
        {t_or(`state.${event.from}`, event.from)} → <b>{t_or(`state.${event.to}`, event.to)}</b>
      </>
    );
  }
  if (event.kind === 'assigned')
    return (
      <>
        → <b>{event.to}</b>
      </>
    );
  const session = event.data?.session;
  if ((event.kind === 'session' || event.kind === 'report') && typeof session === 'string')
    return <a href={`/sessions/${session}`}>{session.slice(0, 8)}</a>;
  const evidence = event.data?.evidence;
  if (event.kind === 'evidence' && typeof evidence === 'number') return <a href={`#evidence-${evidence}`}>{t('evidence.title')}</a>;
  return null;
}

export function Timeline({ events }: { events: TicketEvent[] }) {
  return (
    <ol class="timeline">
      {[...events]
        .sort((a, b) => a.at_ms - b.at_ms || a.id - b.id)
        .map((event) => (
          <li key={event.id} class={`kind-${event.kind}`}>
            <p class="small">
              <Time at={event.at_ms} is_exact /> <b>{event.by || '–'}</b> {t_or(`event.${event.kind}`, event.kind)} <Change event={event} />
            </p>
            {event.text && <p class="said">{event.text}</p>}
          </li>
        ))}
    </ol>
  );
}
