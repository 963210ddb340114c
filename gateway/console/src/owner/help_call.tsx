// Talk to who is connected. The phone gets a seat in the session's call, a page of its own (../join), so that this one with its
// stop button stays as it is. The link is asked for first and then pressed: a browser opens no window for an answer that came
// later.
import { useState } from 'preact/hooks';
import { call } from './gateway';
import type { PhoneKey } from './keys';
import { refusal_text } from './pair';
import { t } from './words';

export function HelpCall({ owner, session, engineer }: { owner: PhoneKey; session: string; engineer: string }) {
  const [path, set_path] = useState('');
  const [is_asking, set_asking] = useState(false);
  const [problem, set_problem] = useState('');
  const ask = async () => {
    set_asking(true);
    set_problem('');
    try {
      set_path((await call(owner, session)).path);
    } catch (error) {
      set_problem(refusal_text(error));
    }
    set_asking(false);
  };
  return (
    <section aria-label={t('call.title')}>
      <h3>{t('call.title')}</h3>
      <p class="quiet">{t('call.explain', { engineer })}</p>
      {problem && <p role="alert" class="problem">{problem}</p>}
      {path ? (
        <a class="big" href={path} target="_blank" rel="noopener" onClick={() => set_path('')}>{t('call.open')}</a>
      ) : (
        <button type="button" class="big plain" disabled={is_asking} onClick={() => void ask()}>{t('call.ask', { engineer })}</button>
      )}
    </section>
  );
}
