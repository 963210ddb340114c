// Every session that was asked for, newest first: who, where, how it ended, and whether its recording is there and complete.
import { get, with_query } from '../api/client';
import { useResource } from '../api/resource';
import type { Page, Session } from '../api/types';
import { address } from '../router';
import { Loaded } from '../ui/loaded';
import { SessionTable } from '../ui/session_table';
import { t } from '../words/words';

const PAGE = 200;

export function Sessions() {
  const path = with_query('/sessions', { device: address.value.query.get('device') ?? undefined, limit: PAGE });
  const sessions = useResource(path, (abort) => get<Page<Session, never>>(path, abort), { concerns: (n) => n.kind === 'session' });
  return (
    <>
      <h1>{t('session.list')}</h1>
      <Loaded from={sessions}>
        {(data) => (data.items.length === 0 ? <p class="note">{t('session.empty')}</p> : <SessionTable sessions={data.items} changed={sessions.reload} />)}
      </Loaded>
    </>
  );
}
