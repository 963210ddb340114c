// One product: what it is, how it is, what it measured, what it said, what is open about it.
import { useState } from 'preact/hooks';
import { get, with_query } from '../api/client';
import { my_role_is } from '../api/me';
import { useResource } from '../api/resource';
import type { Alarm, DeviceDetail, Notice, Page, Ticket } from '../api/types';
import { Charts } from '../device/charts';
import { Location } from '../device/location';
import { Logs } from '../device/logs';
import { OpenTicket } from '../device/open_ticket';
import { PendingAlarms } from '../device/pending';
import { Troubles } from '../device/troubles';
import type { PageProps } from '../routes';
import { AlarmTable } from '../ui/alarm_table';
import { Loaded } from '../ui/loaded';
import { OnlineMark } from '../ui/severity';
import { TicketTable } from '../ui/ticket_table';
import { Time } from '../ui/time';
import { t, t_or } from '../words/words';
import { model_name } from './fleet';

function Facts({ device }: { device: DeviceDetail }) {
  return (
    <dl class="facts">
      <div>
        <dt>{t('device.state')}</dt>
        <dd>
          <OnlineMark is_online={device.online} />
        </dd>
      </div>
      <div>
        <dt>{t('device.last_seen')}</dt>
        <dd>{device.last_seen_ms ? <Time at={device.last_seen_ms} /> : t('device.never')}</dd>
      </div>
      <div>
        <dt>{t('device.model')}</dt>
        <dd>{model_name(device)}</dd>
      </div>
      <div>
        <dt>{t('device.serial')}</dt>
        <dd>{device.serial || '–'}</dd>
      </div>
      <div>
        <dt>{t('device.firmware')}</dt>
        <dd>{device.firmware || '–'}</dd>
      </div>
      <div>
        <dt>{t('device.agent')}</dt>
        <dd>{device.agent || '–'}</dd>
      </div>
      <div>
        <dt>{t('device.capabilities')}</dt>
        <dd>{device.capabilities.map((c) => t_or(`capability.${c}`, c)).join(', ') || t('app.none')}</dd>
      </div>
      <Location device={device} />
    </dl>
  );
}

export function DevicePage({ id }: PageProps) {
  const [is_asking, set_asking] = useState(false);
  const is_mine = (notice: Notice): boolean => notice.device === id || notice.id === id;
  const device = useResource(`device ${id}`, (abort) => get<DeviceDetail>(`/devices/${encodeURIComponent(id)}`, abort), {
    concerns: is_mine,
    every_ms: 15_000,
  });
  const alarms = useResource(`alarms ${id}`, (abort) => get<Page<Alarm, never>>(with_query('/alarms', { device: id, limit: 50 }), abort), {
    concerns: (n) => n.kind === 'alarm' && is_mine(n),
  });
  const tickets = useResource(
    `tickets ${id}`,
    (abort) => get<Page<Ticket, number>>(with_query('/tickets', { device: id, state: 'open' }), abort),
    { concerns: (n) => n.kind === 'ticket' && is_mine(n) },
  );
  return (
    <>
      <div class="page-head">
        <h1>{id}</h1>
        {device.data && !my_role_is('auditor') && (
          <button type="button" onClick={() => set_asking(true)}>
            {t('device.open_ticket')}
          </button>
        )}
      </div>
      {is_asking && <OpenTicket device={id} close={() => set_asking(false)} />}
      <Loaded from={device}>
        {(data) => (
          <>
            <Facts device={data} />
            <Troubles device={data} />
            {data.quarantined > 0 && (
              <p class="note">
                <a href={`/quarantine?device=${id}`}>{t('device.quarantined', { count: data.quarantined })}</a>
              </p>
            )}
            <section>
              <h2>{t('device.tickets')}</h2>
              <Loaded from={tickets}>
                {(page) =>
                  page.items.length === 0 ? (
                    <p class="quiet">{t('device.no_tickets')}</p>
                  ) : (
                    <TicketTable tickets={page.items} has_device={false} />
                  )
                }
              </Loaded>
            </section>
            <section>
              <h2>{t('device.alarms')}</h2>
              <Loaded from={alarms}>
                {(page) =>
                  page.items.length === 0 ? (
                    <p class="quiet">{t('device.no_alarms')}</p>
                  ) : (
                    <AlarmTable alarms={page.items} changed={alarms.reload} />
                  )
                }
              </Loaded>
            </section>
            <PendingAlarms device={id} />
            <Charts device={data} />
            <Logs device={id} />
          </>
        )}
      </Loaded>
    </>
  );
}
