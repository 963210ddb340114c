// What waits for a second person: requests to approve, and emergency sessions that a supervisor has to review.
import { get, with_query } from '../api/client';
import { useResource } from '../api/resource';
import type { Notice, Page, Session } from '../api/types';
import { Loaded } from '../ui/loaded';
import { SessionTable } from '../ui/session_table';
import { t } from '../words/words';

const concerns = (n: Notice): boolean => ['session', 'approval', 'emergency'].includes(n.kind);

function Waiting({ what, none }: { what: 'approval' | 'review'; none: string }) {
  const path = with_query('/sessions', { waits: what, limit: 100 });
  const sessions = useResource(path, (abort) => get<Page<Session, never>>(path, abort), { concerns, every_ms: 15_000 });
  return (
    <Loaded from={sessions}>
      {(data) => (data.items.length === 0 ? <p class="quiet">{none}</p> : <SessionTable sessions={data.items} />)}
    </Loaded>
  );
}

export function Approvals() {
  return (
    <>
      <h1>{t('nav.approvals')}</h1>
      <section>
        <h2>{t('approvals.waiting')}</h2>
        <Waiting what="approval" none={t('approvals.none')} />
      </section>
      <section>
        <h2>{t('approvals.reviews')}</h2>
        <Waiting what="review" none={t('approvals.no_reviews')} />
      </section>
    </>
  );
}
