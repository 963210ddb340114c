// What products sent that could not be accepted. The excerpt is bytes of a stranger: shown as text, nothing else.
import { get, with_query } from '../api/client';
import { useResource } from '../api/resource';
import type { Page, Quarantined } from '../api/types';
import { address } from '../router';
import { Loaded } from '../ui/loaded';
import { Table, type Column } from '../ui/table';
import { Time } from '../ui/time';
import { format_bytes } from '../unit';
import { t } from '../words/words';

const PAGE = 200;

export function Quarantine() {
  const path = with_query('/quarantine', { device: address.value.query.get('device') ?? undefined, limit: PAGE });
  const entries = useResource(path, (abort) => get<Page<Quarantined, never>>(path, abort), { every_ms: 15_000 });
  const columns: Column<Quarantined>[] = [
    { head: t('audit.at'), cell: (e) => <Time at={e.at_ms} is_exact /> },
    {
      head: t('device.device'),
      cell: (e) => (e.device ? <a href={`/devices/${e.device}`}>{e.device}</a> : <span class="quiet">–</span>),
    },
    { head: t('quarantine.reason'), is_main: true, cell: (e) => e.reason },
    { head: t('quarantine.topic'), is_wide_only: true, cell: (e) => <code>{e.topic}</code> },
    { head: t('quarantine.size'), is_number: true, is_wide_only: true, cell: (e) => format_bytes(e.bytes) },
    { head: t('quarantine.excerpt'), is_wide_only: true, cell: (e) => <code class="excerpt">{e.excerpt}</code> },
  ];
  return (
    <>
      <h1>{t('quarantine.title')}</h1>
      <p class="quiet">{t('quarantine.explain')}</p>
      <Loaded from={entries}>
        {(data) =>
          data.items.length === 0 ? (
            <p class="note good">{t('quarantine.empty')}</p>
          ) : (
            <Table label={t('quarantine.title')} columns={columns} rows={data.items} row_key={(e) => e.id} />
          )
        }
      </Loaded>
    </>
  );
}
