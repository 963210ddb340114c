// Alarms with what a person can do about one, why it was raised, and where it is handled.
import { useState } from 'preact/hooks';
import { AlarmActions } from '../alarm/actions';
import { AlarmState, WhySilent } from '../alarm/state';
import { Why } from '../alarm/why';
import { my_role_is } from '../api/me';
import type { Problem } from '../api/problem';
import type { Alarm } from '../api/types';
import { t } from '../words/words';
import { ProblemNote } from './problem_note';
import { SeverityMark } from './severity';
import { Table, type Column } from './table';
import { Time } from './time';

function Handled({ alarm }: { alarm: Alarm }) {
  return (
    <>
      {alarm.ticket !== null && <a href={`/tickets/${alarm.ticket}`}>#{alarm.ticket}</a>}{' '}
      {alarm.suppressed === 'fleet' && alarm.incident !== null && (
        <a href={`/alarms/incidents/${alarm.incident}`}>{t('alarm.incident', { id: alarm.incident })}</a>
      )}
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
          <WhySilent alarm={a} />
          <Why alarm={a} />
        </>
      ),
    },
    { head: t('alarm.state'), cell: (a) => <AlarmState alarm={a} /> },
    { head: t('alarm.raised'), is_wide_only: true, cell: (a) => <Time at={a.raised_ms} /> },
  ];
  if (has_device) columns.splice(1, 0, { head: t('device.device'), cell: (a) => <a href={`/devices/${a.device}`}>{a.device}</a> });
  if (has_ticket) columns.push({ head: t('ticket.ticket'), cell: (a) => <Handled alarm={a} /> });
  if (!my_role_is('owner', 'auditor'))
    columns.push({ head: t('alarm.actions'), cell: (a) => <AlarmActions alarm={a} changed={changed} failed={set_problem} /> });
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
