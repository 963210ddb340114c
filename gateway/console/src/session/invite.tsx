// Inviting somebody without a login: a link for one person, for a time, for what is ticked. The token in it is shown once.
import { useState } from 'preact/hooks';
import { get, post } from '../api/client';
import { as_problem, type Problem } from '../api/problem';
import { useResource } from '../api/resource';
import type { Session } from '../api/types';
import { Dialog } from '../ui/dialog';
import { ProblemNote } from '../ui/problem_note';
import { Time } from '../ui/time';
import { t, t_or } from '../words/words';
import type { Leg } from './leg';

interface Invite {
  id: string;
  name: string;
  may: string[];
  by: string;
  expires_ms: number;
  state: 'open' | 'used' | 'expired' | 'revoked';
}
interface Made extends Invite {
  path: string;
}
const MINUTES = [10, 30, 60, 120];
const RIGHTS = ['call', 'chat', 'watch'] as const;

function Link({ made }: { made: Made }) {
  const [is_copied, set_copied] = useState(false);
  const url = new URL(made.path, location.href).href;
  const copy = (): void => {
    navigator.clipboard.writeText(url).then(
      () => set_copied(true),
      () => set_copied(false),
    );
  };
  return (
    <>
      <p>{t('invite.made', { name: made.name })}</p>
      <input class="wide" readOnly value={url} aria-label={t('invite.link')} onFocus={(event) => event.currentTarget.select()} />
      <p class="buttons">
        <button type="button" class="primary" onClick={copy}>
          {t('invite.copy')}
        </button>
        {is_copied && <span role="status">{t('invite.copied')}</span>}
      </p>
    </>
  );
}

function InviteForm({ session, made }: { session: Session; made: (invite: Made) => void }) {
  const [problem, set_problem] = useState<Problem>();
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    set_problem(undefined);
    try {
      made(
        await post<Made>(`/sessions/${session.id}/invites`, {
          name: String(data.get('name') ?? '').trim(),
          minutes: Number(data.get('minutes')),
          may: data.getAll('may').map(String),
        }),
      );
    } catch (error) {
      set_problem(as_problem(error));
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label>
        {t('invite.name')}
        <input name="name" required maxLength={40} autocomplete="off" autofocus />
      </label>
      <fieldset>
        <legend>{t('invite.may')}</legend>
        {RIGHTS.map((right) => (
          <label key={right} class="check">
            <input type="checkbox" name="may" value={right} defaultChecked={right !== 'watch'} /> {t(`invite.${right}`)}
          </label>
        ))}
      </fieldset>
      <label>
        {t('invite.minutes')}
        <select name="minutes">
          {MINUTES.map((minutes) => (
            <option key={minutes} value={minutes} selected={minutes === 30}>
              {t('ask.n_minutes', { count: minutes })}
            </option>
          ))}
        </select>
      </label>
      {problem && <ProblemNote problem={problem} />}
      <button type="submit" class="primary">
        {t('invite.make')}
      </button>
    </form>
  );
}

export function InviteButton({ leg, session }: { leg: Leg; session: Session }) {
  const [is_open, set_open] = useState(false);
  const [made, set_made] = useState<Made>();
  const [problem, set_problem] = useState<Problem>();
  const part = leg.told.value?.part;
  const may_invite = part === 'typist' || part === 'moderator';
  const path = `/sessions/${session.id}/invites`;
  const invites = useResource(may_invite ? path : null, (abort) => get<{ items: Invite[] }>(path, abort), { every_ms: 15_000 });
  if (!may_invite) return null;
  const revoke = (id: string): void => {
    set_problem(undefined);
    post(`${path}/revoke`, { invite: id }).then(invites.reload, (error: unknown) => set_problem(as_problem(error)));
  };
  const close = (): void => {
    set_open(false);
    set_made(undefined);
    invites.reload();
  };
  const items = invites.data?.items ?? [];
  return (
    <section class="card invites" aria-label={t('invite.title')}>
      <button type="button" onClick={() => set_open(true)}>
        {t('invite.button')}
      </button>
      {problem && <ProblemNote problem={problem} />}
      {items.length > 0 && (
        <ul>
          {items.map((invite) => (
            <li key={invite.id}>
              <b>{invite.name}</b> <span class="quiet small">{t_or(`invite.state_${invite.state}`, invite.state)}</span>{' '}
              {(invite.state === 'open' || invite.state === 'used') && (
                <>
                  <span class="quiet small">
                    {t('invite.until')} <Time at={invite.expires_ms} />
                  </span>{' '}
                  <button type="button" class="small" onClick={() => revoke(invite.id)}>
                    {t('invite.revoke')}
                  </button>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {is_open && (
        <Dialog title={t('invite.button')} close={close}>
          {made ? <Link made={made} /> : <InviteForm session={session} made={set_made} />}
        </Dialog>
      )}
    </section>
  );
}
