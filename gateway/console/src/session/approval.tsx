// The second person's part of a session: approving or refusing the request, and reviewing an emergency afterwards.
import { useState } from 'preact/hooks';
import { post } from '../api/client';
import { load_access_now } from '../api/access';
import { me, my_role_is } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import type { Session } from '../api/types';
import { ProblemNote } from '../ui/problem_note';
import { t } from '../words/words';

interface Choice {
  name: string;
  path: string;
  label: string;
  body: object;
  is_bad?: boolean;
}

// Words and a row of buttons: each sends the words with what it stands for.
function Choices({ label, choices, changed }: { label: string; choices: Choice[]; changed: () => void }) {
  const [problem, set_problem] = useState<Problem>();
  const [is_busy, set_busy] = useState(false);
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const chosen = choices.find((one) => one.name === (event.submitter as HTMLButtonElement | null)?.value);
    if (!chosen) return;
    set_busy(true);
    set_problem(undefined);
    try {
      await post(chosen.path, { ...chosen.body, text: String(new FormData(form).get('text') ?? '').trim() });
    } catch (error) {
      set_problem(as_problem(error));
    }
    set_busy(false);
    load_access_now();
    changed();
  };
  return (
    <form onSubmit={(event) => void send(event)}>
      <label>
        {label}
        <textarea name="text" rows={2} maxLength={250} />
      </label>
      {problem && <ProblemNote problem={problem} />}
      <div class="buttons">
        {choices.map((one) => (
          <button type="submit" key={one.name} value={one.name} class={one.is_bad ? 'danger' : 'primary'} disabled={is_busy}>
            {one.label}
          </button>
        ))}
      </div>
    </form>
  );
}

export function AwaitingApproval({ session, withdraw, changed }: { session: Session; withdraw: () => void; changed: () => void }) {
  const is_mine = session.engineer === me.value?.user;
  const path = `/sessions/${session.id}`;
  return (
    <section class="card" aria-live="polite">
      <p>
        <span class="spinner" aria-hidden="true" /> <strong>{t('approve.wait')}</strong> {t('approve.wait_do')}
      </p>
      {is_mine && (
        <>
          <p class="quiet">{t('approve.not_own')}</p>
          <button type="button" onClick={withdraw}>
            {t('wait.withdraw')}
          </button>
        </>
      )}
      {!is_mine && my_role_is('engineer', 'supervisor') && (
        <>
          <p>
            <strong>{t('approve.you', { engineer: session.engineer })}</strong> {t('approve.later')}
          </p>
          <Choices
            label={t('approve.text', { engineer: session.engineer })}
            choices={[
              { name: 'approve', path: `${path}/approve`, label: t('approve.yes'), body: {} },
              { name: 'refuse', path: `${path}/refuse`, label: t('approve.no'), body: {}, is_bad: true },
            ]}
            changed={changed}
          />
        </>
      )}
    </section>
  );
}

export function Review({ session, changed }: { session: Session; changed: () => void }) {
  if (!session.wants_review || !my_role_is('supervisor') || session.engineer === me.value?.user) return null;
  const path = `/sessions/${session.id}/review`;
  return (
    <section class="card">
      <h2>{t('review.title')}</h2>
      <p>{t('review.explain')}</p>
      <Choices
        label={t('review.text')}
        choices={[
          { name: 'justified', path, label: t('review.justified'), body: { verdict: 'justified' } },
          { name: 'not_justified', path, label: t('review.not_justified'), body: { verdict: 'not_justified' }, is_bad: true },
        ]}
        changed={changed}
      />
    </section>
  );
}

// What of it stands among the facts of a session.
export function AccessFacts({ session }: { session: Session }) {
  return (
    <>
      {session.emergency && (
        <div>
          <dt>{t('session.emergency')}</dt>
          <dd>
            <span class="bad-word">{session.wants_review ? t('session.wants_review') : ''}</span>
            {session.review &&
              `${t(session.review.justified ? 'session.justified' : 'session.not_justified')} (${session.review.by}: ${session.review.text})`}
          </dd>
        </div>
      )}
      {session.approved_by && (
        <div>
          <dt>{t('session.approved_by')}</dt>
          <dd>
            {session.approved_by}
            {session.approval_text && `: ${session.approval_text}`}
          </dd>
        </div>
      )}
      {session.contract && (
        <div>
          <dt>{t('session.contract')}</dt>
          <dd>{session.contract}</dd>
        </div>
      )}
      {session.needs_moderator && (
        <div>
          <dt>{t('session.moderated')}</dt>
          <dd>✓</dd>
        </div>
      )}
    </>
  );
}
