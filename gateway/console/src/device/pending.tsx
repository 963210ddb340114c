// Conditions that will be alarms soon if nothing changes; nothing at all when there are none.
import { get } from '../api/client';
import { useResource } from '../api/resource';
import type { Page, Pending } from '../api/types';
import { duration } from '../time';
import { Loaded } from '../ui/loaded';
import { SeverityMark } from '../ui/severity';
import { Table, type Column } from '../ui/table';
import { Time } from '../ui/time';
import { t } from '../words/words';

export function PendingAlarms({ device }: { device: string }) {
  const path = `/devices/${encodeURIComponent(device)}/pending`;
  const pending = useResource(path, (abort) => get<Page<Pending, never>>(path, abort), {
    concerns: (n) => n.kind === 'alarm' && n.device === device,
    every_ms: 15_000,
  });
  const columns: Column<Pending>[] = [
    { head: t('severity.label'), cell: (p) => <SeverityMark severity={p.severity} /> },
    {
      head: t('alarm.alarm'),
      is_main: true,
      cell: (p) => (
        <>
          {p.alarm} {p.part && <span class="tag">{p.part}</span>}
        </>
      ),
    },
    { head: t('pending.since'), cell: (p) => <Time at={p.since_ms} /> },
    { head: t('pending.for'), cell: (p) => duration(p.for_ms) },
  ];
  return (
    <Loaded from={pending}>
      {(data) =>
        data.items.length === 0 ? null : (
          <section>
            <h2>{t('pending.title')}</h2>
            <p class="quiet">{t('pending.explain')}</p>
            <Table label={t('pending.title')} columns={columns} rows={data.items} row_key={(p) => `${p.alarm} ${p.part}`} />
          </section>
        )
      }
    </Loaded>
  );
}
