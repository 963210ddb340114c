// What people say to each other: a line each, recorded.
import { useEffect, useRef } from 'preact/hooks';
import { duration } from '../time';
import { t } from '../words/words';
import type { Leg } from './leg';
import { useAsk } from './people';

const MOST_CHARS = 500;

export function Chat({ leg }: { leg: Leg }) {
  const [ask, refusal] = useAsk(leg);
  const list = useRef<HTMLOListElement>(null);
  const lines = leg.chat.value;
  useEffect(() => {
    list.current?.lastElementChild?.scrollIntoView({ block: 'nearest' });
  }, [lines.length]);
  const say = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const text = String(new FormData(form).get('text') ?? '').trim();
    if (!text) return;
    ask('chat.say', { text });
    form.reset();
  };
  return (
    <section class="card chat" aria-label={t('chat.title')}>
      <h2>{t('chat.title')}</h2>
      <ol ref={list} aria-live="polite" tabIndex={0} aria-label={t('chat.lines')}>
        {lines.map((line, i) => (
          <li key={i}>
            <span class="quiet small number">{duration(line.t_ms)}</span> <b>{line.by}</b> {line.text}
          </li>
        ))}
      </ol>
      {lines.length === 0 && <p class="quiet small">{t('chat.recorded')}</p>}
      <form onSubmit={say}>
        <input name="text" maxLength={MOST_CHARS} autocomplete="off" aria-label={t('chat.say')} placeholder={t('chat.say')} />
        <button type="submit" disabled={leg.state.value !== 'open'}>
          {t('chat.send')}
        </button>
      </form>
      {refusal && (
        <p class="note bad" role="alert">
          {refusal}
        </p>
      )}
    </section>
  );
}
