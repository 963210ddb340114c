// Somebody is connected: who, what they can do, how long, and the button that ends it. The stop is a statement like an answer
// is; the gateway ends its side at once, the product ends it by itself when the statement arrives. When the gateway does not
// take it, the page says so and how to stop without it.
import { useState } from 'preact/hooks';
import { HelpCall } from './help_call';
import { say, type PastSession, type Words } from './gateway';
import type { PhoneKey } from './keys';
import { refusal_text } from './pair';
import { now_ms } from './product';
import { language, t } from './words';

interface Props { owner: PhoneKey; session: PastSession; words: Words; on_change: () => void }

export function Live({ owner, session, words, on_change }: Props) {
  const [step, set_step] = useState<'' | 'stopping' | 'stopped'>('');
  const [problem, set_problem] = useState('');
  const stop = async () => {
    set_step('stopping');
    set_problem('');
    try {
      await say(owner, 'stop', [['session', session.id]]);
      set_step('stopped');
    } catch (error) {
      set_step('');
      set_problem(t('live.cannot', { text: refusal_text(error) }));
    }
    on_change();
  };
  const { engineer } = session;
  const left = session.deadline_ms ? Math.max(0, Math.ceil((session.deadline_ms - now_ms()) / 60_000)) : null;
  return (
    <section class="card live">
      <div role="alert"><h2><span class="lamp" aria-hidden="true" /> {t('live.title', { engineer })}</h2></div>
      <p>
        {left !== null && <strong class="left">{t('live.left', { n: left })}</strong>}{' '}
        {session.consent && <span class="quiet">{t('live.by', { by: session.consent.by })}</span>}
      </p>
      <p>{t('live.can', { engineer })}</p>
      <ul class="rows">
        {session.capabilities.map((name) => (
          <li key={name}><strong>{words[name]?.[language.value].name ?? name}</strong> {words[name]?.[language.value].does}</li>
        ))}
      </ul>
      {problem && <p role="alert" class="problem">{problem}</p>}
      <button type="button" class="big stop" disabled={step !== ''} onClick={() => void stop()}>
        {t(step === 'stopped' ? 'live.stopped' : step === 'stopping' ? 'live.stopping' : 'live.stop')}
      </button>
      {step === '' && <HelpCall owner={owner} session={session.id} engineer={engineer} />}
    </section>
  );
}
