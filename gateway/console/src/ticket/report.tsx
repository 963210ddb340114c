// The service report of a ticket's newest session: what the recording says, and what people added. Words that were added stay
// as they are, each with its author and time.
import { useState } from 'preact/hooks';
import { get, post } from '../api/client';
import { my_role_is } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import { useResource } from '../api/resource';
import type { SessionReport } from '../api/types';
import { ProblemNote } from '../ui/problem_note';
import { Time } from '../ui/time';
import { t } from '../words/words';
import { Markdown } from './markdown';

const FINDING_CHARS = 4_000;

function AddFinding({ session, added }: { session: string; added: () => void }) {
  const [problem, set_problem] = useState<Problem>();
  const [is_busy, set_busy] = useState(false);
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    set_busy(true);
    set_problem(undefined);
    try {
      await post(`/sessions/${session}/findings`, { text: String(new FormData(form).get('text') ?? '') });
      form.reset();
      added();
    } catch (error) {
      set_problem(as_problem(error));
    }
    set_busy(false);
  };
  return (
    <form class="add-finding" onSubmit={(event) => void send(event)}>
      <label>
        {t('report.add')}
        <textarea name="text" rows={3} maxLength={FINDING_CHARS} required />
      </label>
      <p class="quiet small">{t('report.add_hint')}</p>
      {problem && <ProblemNote problem={problem} />}
      <button type="submit" disabled={is_busy}>
        {t('report.add_button')}
      </button>
    </form>
  );
}

export function ReportSection({ session }: { session: string | undefined }) {
  const path = `/sessions/${session}/report`;
  const report = useResource(session ? path : null, (abort) => get<SessionReport>(path, abort), {
    concerns: (notice) => notice.kind === 'session' && notice.id === session,
  });
  const { data } = report;
  return (
    <section class="report">
      <h2>{t('ticket.report')}</h2>
      {!session && <p class="quiet">{t('ticket.no_report')}</p>}
      {report.problem && <ProblemNote problem={report.problem} />}
      {session && data && (
        <>
          {data.findings.length > 0 && (
            <ul class="findings" aria-label={t('report.findings')}>
              {data.findings.map((one) => (
                <li key={one.at_ms} class="card">
                  <p class="small">
                    <b>{one.by}</b> <Time at={one.at_ms} is_exact />
                  </p>
                  <p class="said">{one.text}</p>
                </li>
              ))}
            </ul>
          )}
          {my_role_is('engineer', 'supervisor', 'administrator') && <AddFinding session={session} added={report.reload} />}
          <div class="card">
            <Markdown text={data.markdown} />
            <p class="quiet small">
              <Time at={data.at_ms} is_exact /> · {t('ticket.digest')}: <code>{data.digest}</code>{' '}
              {my_role_is('support', 'engineer', 'supervisor', 'administrator', 'auditor') && (
                <a href={`/sessions/${session}/replay`}>{t('session.replay')}</a>
              )}
            </p>
          </div>
        </>
      )}
    </section>
  );
}
