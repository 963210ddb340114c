// Between asking and the owner's answer: what is happening, the code if one is needed, and how to take the request back.
import { useEffect, useState } from 'preact/hooks';
import { post } from '../api/client';
import { as_problem, type Problem } from '../api/problem';
import type { Session } from '../api/types';
import { duration, now_ms } from '../time';
import { ProblemNote } from '../ui/problem_note';
import { t } from '../words/words';

function Since({ at_ms }: { at_ms: number }) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => redraw((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  return <p class="quiet">{t('wait.since', { time: duration(now_ms() - at_ms) })}</p>;
}

function CodeForm({ session }: { session: Session }) {
  const [problem, set_problem] = useState<Problem>();
  const [sent_for, set_sent_for] = useState<string>(); // the gateway's sentence when it was sent: a new one means an answer
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const code = String(new FormData(form).get('code') ?? '').replace(/\s/g, '');
    if (!code) return;
    set_problem(undefined);
    try {
      await post(`/sessions/${session.id}/consent`, { code });
      set_sent_for(session.text);
      form.reset();
    } catch (error) {
      set_problem(as_problem(error));
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p>
        <strong>{t('wait.code')}</strong> {t('wait.code_do')}
      </p>
      {session.text && <p class="note">{t('problem.said', { detail: session.text })}</p>}
      <label>
        {t('wait.code_label')}
        <input name="code" class="code" inputMode="numeric" autocomplete="one-time-code" required maxLength={32} autofocus />
      </label>
      <button type="submit" class="primary">
        {t('wait.code_send')}
      </button>
      {sent_for === session.text && sent_for !== undefined && <p role="status">{t('wait.code_sent')}</p>}
      {problem && <ProblemNote problem={problem} />}
    </form>
  );
}

export function Waiting({ session, is_mine, withdraw }: { session: Session; is_mine: boolean; withdraw: () => void }) {
  return (
    <section class="card" aria-live="polite">
      {session.state === 'code_required' && is_mine ? (
        <CodeForm session={session} />
      ) : (
        <p>
          <span class="spinner" aria-hidden="true" /> <strong>{t(session.state === 'code_required' ? 'wait.code' : 'wait.asking')}</strong>{' '}
          {t('wait.asking_do')}
        </p>
      )}
      <Since at_ms={session.requested_ms} />
      {is_mine && (
        <button type="button" onClick={withdraw}>
          {t('wait.withdraw')}
        </button>
      )}
    </section>
  );
}
