// Every product: search, page by page.
import { get, with_query } from '../api/client';
import { useResource } from '../api/resource';
import type { Device, Page } from '../api/types';
import { TroubleWords } from '../device/troubles';
import { address, set_query } from '../router';
import { Loaded } from '../ui/loaded';
import { Pager } from '../ui/pager';
import { SearchBox } from '../ui/search_box';
import { OnlineMark, SeverityMark } from '../ui/severity';
import { Table, type Column } from '../ui/table';
import { Time } from '../ui/time';
import { t, titled } from '../words/words';

const PAGE = 100;

export function model_name(device: Device): string {
  return titled({ title: device.model_title, title_zh: device.model_title_zh }) || device.model;
}

export function Fleet() {
  const { query } = address.value;
  const q = query.get('q') ?? '';
  const path = with_query('/devices', { q, after: query.get('after') ?? undefined, limit: PAGE });
  const fleet = useResource(path, (abort) => get<Page<Device, string>>(path, abort), {
    concerns: (n) => n.kind === 'device' || n.kind === 'alarm' || n.kind === 'ticket',
    every_ms: 15_000,
  });
  const columns: Column<Device>[] = [
    { head: t('device.state'), cell: (d) => <OnlineMark is_online={d.online} /> },
    {
      head: t('device.device'),
      is_main: true,
      cell: (d) => (
        <>
          <a href={`/devices/${d.id}`}>{d.id}</a>{' '}
          <span class="quiet">
            <TroubleWords device={d} />
          </span>
        </>
      ),
    },
    { head: t('device.model'), cell: model_name },
    { head: t('device.serial'), is_wide_only: true, cell: (d) => d.serial },
    { head: t('device.firmware'), is_wide_only: true, cell: (d) => d.firmware },
    { head: t('device.last_seen'), is_wide_only: true, cell: (d) => <Time at={d.last_seen_ms} /> },
    {
      head: t('device.alarms'),
      cell: (d) => (d.worst && d.alarms > 0 ? <SeverityMark severity={d.worst} count={d.alarms} /> : <span class="quiet">0</span>),
    },
    {
      head: t('device.tickets'),
      is_number: true,
      cell: (d) => (d.tickets_open > 0 ? <a href={`/tickets?device=${d.id}`}>{d.tickets_open}</a> : <span class="quiet">0</span>),
    },
  ];
  return (
    <>
      <div class="page-head">
        <h1>{t('fleet.title')}</h1>
        <SearchBox label={t('fleet.search')} value={q} change={(text) => set_query({ q: text.trim(), after: '' })} />
      </div>
      <Loaded from={fleet}>
        {(data) =>
          data.items.length === 0 ? (
            <p class="note">{q ? t('fleet.no_match', { q }) : t('fleet.empty')}</p>
          ) : (
            <>
              <Table label={t('fleet.title')} columns={columns} rows={data.items} row_key={(d) => d.id} />
              <Pager name="after" next={data.next} />
            </>
          )
        }
      </Loaded>
    </>
  );
}
