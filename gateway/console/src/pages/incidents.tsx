// Faults of many products at once, and one of them with its members.
import { AlarmTabs } from '../alarm/tabs';
import { get, with_query } from '../api/client';
import { useResource } from '../api/resource';
import type { Alarm, Incident, Page } from '../api/types';
import { address } from '../router';
import type { PageProps } from '../routes';
import { AlarmTable } from '../ui/alarm_table';
import { Loaded } from '../ui/loaded';
import { Pager } from '../ui/pager';
import { SeverityMark } from '../ui/severity';
import { Table, type Column } from '../ui/table';
import { Time } from '../ui/time';
import { t } from '../words/words';

const PAGE = 100;

function group(incident: Incident): string {
  return incident.site
    ? t('incident.group_site', { site: incident.site })
    : t('incident.group_model', { model: incident.model ?? '', firmware: incident.firmware ?? '' });
}

function members(incident: Incident): string {
  return t('incident.members_of', { active: incident.members_active, members: incident.members });
}

export function Incidents() {
  const path = with_query('/incidents', { before: address.value.query.get('before') ?? undefined, limit: PAGE });
  const incidents = useResource(path, (abort) => get<Page<Incident, number>>(path, abort), { concerns: (n) => n.kind === 'incident' });
  const columns: Column<Incident>[] = [
    { head: t('severity.label'), cell: (i) => <SeverityMark severity={i.severity} /> },
    {
      head: t('alarm.alarm'),
      is_main: true,
      cell: (i) => (
        <>
          <a href={`/alarms/incidents/${i.id}`}>{i.alarm}</a>
          <p class="quiet small">{i.summary}</p>
        </>
      ),
    },
    { head: t('incident.group'), cell: group },
    { head: t('incident.members'), cell: members },
    { head: t('incident.opened'), is_wide_only: true, cell: (i) => <Time at={i.opened_ms} /> },
    { head: t('alarm.state'), cell: (i) => t(i.active ? 'incident.active' : 'incident.over') },
    { head: t('ticket.ticket'), cell: (i) => i.ticket !== null && <a href={`/tickets/${i.ticket}`}>#{i.ticket}</a> },
  ];
  return (
    <>
      <h1>{t('nav.incidents')}</h1>
      <AlarmTabs />
      <Loaded from={incidents}>
        {(data) =>
          data.items.length === 0 ? (
            <p class="note">{t('incident.none')}</p>
          ) : (
            <>
              <Table
                label={t('nav.incidents')}
                columns={columns}
                rows={data.items}
                row_key={(i) => i.id}
                row_class={(i) => (i.active ? undefined : 'past')}
              />
              <Pager name="before" next={data.next} />
            </>
          )
        }
      </Loaded>
    </>
  );
}

export function IncidentPage({ id }: PageProps) {
  const own = `/incidents/${encodeURIComponent(id)}`;
  const incident = useResource(own, (abort) => get<Incident>(own, abort), { concerns: (n) => n.kind === 'incident' && n.id === id });
  const path = with_query('/alarms', { incident: id, after: address.value.query.get('after') ?? undefined, limit: PAGE });
  const alarms = useResource(path, (abort) => get<Page<Alarm, number>>(path, abort), { concerns: (n) => n.kind === 'incident' && n.id === id });
  return (
    <Loaded from={incident}>
      {(data) => (
        <>
          <h1>
            <span class="quiet">{t('alarm.incident', { id: data.id })}</span> {data.alarm}
          </h1>
          <AlarmTabs />
          <dl class="facts">
            <div>
              <dt>{t('severity.label')}</dt>
              <dd>
                <SeverityMark severity={data.severity} />
              </dd>
            </div>
            <div>
              <dt>{t('incident.group')}</dt>
              <dd>{group(data)}</dd>
            </div>
            <div>
              <dt>{t('incident.members')}</dt>
              <dd>{members(data)}</dd>
            </div>
            <div>
              <dt>{t('incident.opened')}</dt>
              <dd>
                <Time at={data.opened_ms} />
              </dd>
            </div>
            {data.closed_ms !== null && (
              <div>
                <dt>{t('incident.closed')}</dt>
                <dd>
                  <Time at={data.closed_ms} />
                </dd>
              </div>
            )}
            {data.ticket !== null && (
              <div>
                <dt>{t('ticket.ticket')}</dt>
                <dd>
                  <a href={`/tickets/${data.ticket}`}>#{data.ticket}</a>
                </dd>
              </div>
            )}
          </dl>
          <section>
            <h2>{t('incident.members')}</h2>
            <Loaded from={alarms}>
              {(page) => (
                <>
                  <AlarmTable alarms={page.items} changed={alarms.reload} has_device has_ticket={false} />
                  <Pager name="after" next={page.next} />
                </>
              )}
            </Loaded>
          </section>
        </>
      )}
    </Loaded>
  );
}
