// What opens no ticket just now because people said so: shelved alarms and maintenance windows. All of it ends by itself.
import { useState } from 'preact/hooks';
import { Announce } from '../alarm/announce';
import { AlarmTabs } from '../alarm/tabs';
import { get, post, with_query } from '../api/client';
import { my_role_is } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import { useResource, type Resource } from '../api/resource';
import type { Maintenance, Notice, Page, Shelf } from '../api/types';
import { Loaded } from '../ui/loaded';
import { ProblemNote } from '../ui/problem_note';
import { Table, type Column } from '../ui/table';
import { Time } from '../ui/time';
import { t } from '../words/words';

const LIMIT = 200;
const PAST = 20;
const concerns = (n: Notice): boolean => ['shelf', 'maintenance', 'alarm'].includes(n.kind);

function Shelves({ from, undo }: { from: Resource<Page<Shelf, never>>; undo: (path: string) => void }) {
  const columns: Column<Shelf>[] = [
    { head: t('device.device'), cell: (s) => <a href={`/devices/${s.device}`}>{s.device}</a> },
    {
      head: t('alarm.alarm'),
      cell: (s) => (
        <>
          {s.alarm} {s.part && <span class="tag">{s.part}</span>}
          {s.active && <span class="tag">{t('standing.active')}</span>}
        </>
      ),
    },
    { head: t('shelf.reason'), is_main: true, cell: (s) => s.reason },
    { head: t('shelf.by'), cell: (s) => s.by },
    { head: t('shelf.until'), cell: (s) => <Time at={s.until_ms} /> },
  ];
  if (!my_role_is('owner', 'auditor'))
    columns.push({
      head: t('alarm.actions'),
      cell: (s) => (
        <button
          type="button"
          class="small"
          onClick={() => undo(`/alarms/${s.alarm_id}/unshelve`)}
          aria-label={`${t('shelve.unshelve')}: ${s.device} ${s.alarm}`}
        >
          {t('shelve.unshelve')}
        </button>
      ),
    });
  return (
    <Loaded from={from}>
      {(data) =>
        data.items.length === 0 ? (
          <p class="quiet">{t('shelf.none')}</p>
        ) : (
          <Table
            label={t('shelf.title')}
            columns={columns}
            rows={data.items}
            row_key={(s) => `${s.device} ${s.alarm} ${s.part}`}
          />
        )
      }
    </Loaded>
  );
}

function Windows({ from, undo, is_past }: { from: Resource<Page<Maintenance, never>>; undo: (path: string) => void; is_past: boolean }) {
  const columns: Column<Maintenance>[] = [
    {
      head: t('maintenance.scope'),
      cell: (w) => (
        <>
          {t(`scope.${w.scope}`)} {w.scope === 'device' ? <a href={`/devices/${w.target}`}>{w.target}</a> : w.target}
        </>
      ),
    },
    { head: t('shelf.reason'), is_main: true, cell: (w) => w.reason },
    { head: t('shelf.by'), cell: (w) => w.by },
    { head: t('maintenance.from'), cell: (w) => <Time at={w.from_ms} /> },
    { head: t('maintenance.to'), cell: (w) => <Time at={w.to_ms} /> },
    {
      head: t('alarm.state'),
      cell: (w) =>
        is_past
          ? w.ended_by && t('maintenance.ended_by', { who: w.ended_by })
          : t(w.in_force ? 'maintenance.in_force' : 'maintenance.planned'),
    },
  ];
  if (!is_past && !my_role_is('owner', 'auditor'))
    columns.push({
      head: t('alarm.actions'),
      cell: (w) => (
        <button
          type="button"
          class="small"
          onClick={() => undo(`/maintenance/${w.id}/end`)}
          aria-label={`${t('maintenance.end')}: ${w.target} ${w.reason}`}
        >
          {t('maintenance.end')}
        </button>
      ),
    });
  return (
    <Loaded from={from}>
      {(data) =>
        data.items.length === 0 ? (
          is_past ? null : (
            <p class="quiet">{t('maintenance.none')}</p>
          )
        ) : (
          <>
            {is_past && <h3>{t('maintenance.past')}</h3>}
            <Table
              label={t(is_past ? 'maintenance.past' : 'maintenance.title')}
              columns={columns}
              rows={data.items}
              row_key={(w) => w.id}
              row_class={() => (is_past ? 'past' : undefined)}
            />
          </>
        )
      }
    </Loaded>
  );
}

export function Silent() {
  const [problem, set_problem] = useState<Problem>();
  const [is_announcing, set_announcing] = useState(false);
  const shelves = useResource('shelves', (abort) => get<Page<Shelf, never>>(with_query('/shelves', { limit: LIMIT }), abort), { concerns });
  const windows = useResource(
    'maintenance',
    (abort) => get<Page<Maintenance, never>>(with_query('/maintenance', { limit: LIMIT }), abort),
    { concerns, every_ms: 15_000 },
  );
  const past = useResource(
    'maintenance past',
    (abort) => get<Page<Maintenance, never>>(with_query('/maintenance', { past: true, limit: PAST }), abort),
    { concerns, every_ms: 15_000 },
  );
  const reload = (): void => [shelves, windows, past].forEach((one) => one.reload());
  const undo = async (path: string): Promise<void> => {
    set_problem(undefined);
    try {
      await post(path);
    } catch (error) {
      set_problem(as_problem(error));
    }
    reload();
  };
  return (
    <>
      <div class="page-head">
        <h1>{t('nav.silent')}</h1>
        {!my_role_is('owner', 'auditor') && (
          <button type="button" class="primary" onClick={() => set_announcing(true)}>
            {t('maintenance.begin')}
          </button>
        )}
      </div>
      <AlarmTabs />
      {problem && <ProblemNote problem={problem} />}
      {is_announcing && (
        <Announce
          close={(is_done) => {
            set_announcing(false);
            if (is_done) reload();
          }}
        />
      )}
      <section>
        <h2>{t('shelf.title')}</h2>
        <Shelves from={shelves} undo={(path) => void undo(path)} />
      </section>
      <section>
        <h2>{t('maintenance.title')}</h2>
        <Windows from={windows} undo={(path) => void undo(path)} is_past={false} />
        <Windows from={past} undo={(path) => void undo(path)} is_past />
      </section>
    </>
  );
}
