// Alarms with what a person can do about one: acknowledge it, go to its ticket.
import { useState } from 'preact/hooks';
import { post } from '../api/client';
import { my_role_is } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import type { Alarm } from '../api/types';
import { t } from '../words/words';
import { ProblemNote } from './problem_note';
import { SeverityMark } from './severity';
import { Table, type Column } from './table';
import { Time } from './time';

function AlarmState({ alarm }: { alarm: Alarm }) {
  return (
    <>
      {alarm.active ? <b>{t('alarm.active')}</b> : <span class="quiet">{t('alarm.cleared')}</span>}{' '}
      {alarm.active && alarm.unknown && (
        <span class="tag" title={t('alarm.unknown_why')}>
          {t('alarm.unknown')}
        </span>
      )}
      {alarm.count > 1 && <span class="tag">{t('alarm.times', { count: alarm.count })}</span>}
    </>
  );
}

export function AlarmTable({
  alarms,
  changed,
  has_device = false,
  has_ticket = true,
}: {
  alarms: Alarm[];
  changed: () => void;
  has_device?: boolean;
  has_ticket?: boolean;
}) {
  const [problem, set_problem] = useState<Problem>();
  const [busy, set_busy] = useState<number>();
  const may_acknowledge = !my_role_is('owner', 'auditor');
  const acknowledge = async (alarm: Alarm): Promise<void> => {
    set_busy(alarm.id);
    set_problem(undefined);
    try {
      await post(`/alarms/${alarm.id}/acknowledge`);
    } catch (error) {
      set_problem(as_problem(error));
    }
    set_busy(undefined);
    changed();
  };
  const columns: Column<Alarm>[] = [
    { head: t('severity.label'), cell: (a) => <SeverityMark severity={a.severity} /> },
    {
      head: t('alarm.alarm'),
      is_main: true,
      cell: (a) => (
        <>
          {a.summary || a.alarm}
          {a.part && (
            <>
              {' '}
              <span class="tag">{a.part}</span>
            </>
          )}
          {a.description && a.description !== a.summary && <p class="quiet small">{a.description}</p>}
        </>
      ),
    },
    { head: t('alarm.state'), cell: (a) => <AlarmState alarm={a} /> },
    { head: t('alarm.raised'), is_wide_only: true, cell: (a) => <Time at={a.raised_ms} /> },
    {
      head: t('alarm.acknowledge'),
      cell: (a) =>
        a.acknowledged ? (
          <span class="quiet">{t('alarm.acknowledged')}</span>
        ) : (
          a.active &&
          may_acknowledge && (
            <button
              type="button"
              class="small"
              disabled={busy === a.id}
              onClick={() => void acknowledge(a)}
              aria-label={`${t('alarm.acknowledge')}: ${a.summary || a.alarm}`}
            >
              {t('alarm.acknowledge')}
            </button>
          )
        ),
    },
  ];
  if (has_device) columns.splice(1, 0, { head: t('device.device'), cell: (a) => <a href={`/devices/${a.device}`}>{a.device}</a> });
  if (has_ticket)
    columns.push({ head: t('ticket.ticket'), cell: (a) => a.ticket !== null && <a href={`/tickets/${a.ticket}`}>#{a.ticket}</a> });
  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      <Table
        label={t('device.alarms')}
        columns={columns}
        rows={alarms}
        row_key={(a) => a.id}
        row_class={(a) => (a.active ? undefined : 'past')}
      />
    </>
  );
}
