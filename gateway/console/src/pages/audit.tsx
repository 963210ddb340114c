// The audit log, newest first. Older entries are added below as they are asked for.
import { useState } from 'preact/hooks';
import { get, with_query } from '../api/client';
import { useResource } from '../api/resource';
import { as_problem, type Problem } from '../api/problem';
import type { AuditEntry, Page } from '../api/types';
import { Loaded } from '../ui/loaded';
import { ProblemNote } from '../ui/problem_note';
import { Table, type Column } from '../ui/table';
import { Time } from '../ui/time';
import { t } from '../words/words';

const PAGE = 200;

export function Audit() {
  const load = (before: number | undefined, abort?: AbortSignal): Promise<Page<AuditEntry, never>> =>
    get(with_query('/audit', { before, limit: PAGE }), abort);
  const newest = useResource('audit', (abort) => load(undefined, abort));
  const [older, set_older] = useState<AuditEntry[]>([]);
  const [is_end, set_end] = useState(false);
  const [problem, set_problem] = useState<Problem>();
  const columns: Column<AuditEntry>[] = [
    { head: t('audit.at'), cell: (e) => <Time at={e.at_ms} is_exact /> },
    { head: t('audit.who'), cell: (e) => e.who },
    { head: t('audit.what'), cell: (e) => e.what },
    { head: t('audit.object'), cell: (e) => e.object },
    { head: t('audit.result'), cell: (e) => e.result },
    { head: t('audit.detail'), is_main: true, is_wide_only: true, cell: (e) => e.detail },
    { head: t('audit.address'), is_wide_only: true, cell: (e) => e.address },
  ];
  return (
    <>
      <h1>{t('audit.title')}</h1>
      <Loaded from={newest}>
        {(data) => {
          const rows = [...data.items, ...older];
          if (rows.length === 0) return <p class="note">{t('audit.empty')}</p>;
          const more = async (): Promise<void> => {
            set_problem(undefined);
            try {
              const page = await load(rows.at(-1)?.id);
              set_older([...older, ...page.items]);
              set_end(page.items.length < PAGE);
            } catch (error) {
              set_problem(as_problem(error));
            }
          };
          return (
            <>
              <Table label={t('audit.title')} columns={columns} rows={rows} row_key={(e) => e.id} />
              {problem && <ProblemNote problem={problem} />}
              {!is_end && data.items.length === PAGE && (
                <p>
                  <button type="button" onClick={() => void more()}>
                    {t('app.more')}
                  </button>
                </p>
              )}
            </>
          );
        }}
      </Loaded>
    </>
  );
}
