// Logging in. The gateway answers with a cookie that no script can read; the password stays in this form.
import { useRef, useState } from 'preact/hooks';
import { request } from '../api/client';
import { has_login_ended, me } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import type { Me } from '../api/types';
import { address } from '../router';
import { LanguageSwitch } from '../ui/header';
import { ProblemNote } from '../ui/problem_note';
import { t } from '../words/words';

export function Login() {
  const [problem, set_problem] = useState<Problem>();
  const [is_missing, set_missing] = useState(false);
  const [is_busy, set_busy] = useState(false);
  const password = useRef<HTMLInputElement>(null);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const body = { user: String(form.get('user') ?? '').trim(), password: String(form.get('password') ?? '') };
    set_problem(undefined);
    set_missing(!body.user || !body.password);
    if (!body.user || !body.password) return;
    set_busy(true);
    try {
      me.value = (await request<Me>('POST', '/login', { body })).data;
    } catch (error) {
      set_problem(as_problem(error));
      password.current?.select();
    } finally {
      set_busy(false);
    }
  };

  const is_wrong = problem?.status === 401;
  return (
    <main id="page" class="login">
      <form class="card" onSubmit={(event) => void submit(event)} noValidate>
        <h1>
          <img src="/favicon.svg" alt="" width="28" height="28" /> {t('app.title')}
        </h1>
        {address.value.query.has('next') && !problem && !is_missing && (
          <p class="note">{t(has_login_ended.value ? 'problem.401' : 'login.first')}</p>
        )}
        {(is_wrong || is_missing) && (
          <p class="note bad" role="alert">
            {t(is_missing ? 'login.missing' : 'login.wrong')}
          </p>
        )}
        {problem && !is_wrong && <ProblemNote problem={problem} />}
        <label>
          {t('login.user')}
          <input name="user" autocomplete="username" autocapitalize="none" spellcheck={false} autofocus required />
        </label>
        <label>
          {t('login.password')}
          <input ref={password} name="password" type="password" autocomplete="current-password" required />
        </label>
        <button type="submit" class="primary" disabled={is_busy}>
          {t('login.submit')}
        </button>
        <LanguageSwitch />
      </form>
    </main>
  );
}
