// One product: asks the gateway every two seconds while the page is in sight, and shows what matters most first.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Ask } from './ask';
import { Refusal, look, renew, type Look } from './gateway';
import type { PhoneKey } from './keys';
import { Live } from './live';
import { Past } from './past';
import { Windows } from './windows';
import { t } from './words';

const EVERY_MS = 2000;

// The gateway's clock and the phone's may differ; what is left is counted by the gateway's.
export const ahead_ms = { value: 0 };
export const now_ms = () => Date.now() + ahead_ms.value;

interface Props { owner: PhoneKey; on_forget: () => void }

export function Product({ owner, on_forget }: Props) {
  const [seen, set_seen] = useState<Look | null>(null);
  const [trouble, set_trouble] = useState<'' | 'lost' | 'denied'>('');
  const timer = useRef(0);
  const refresh = async () => {
    clearTimeout(timer.current);
    try {
      const now = await look(owner);
      ahead_ms.value = now.now_ms - Date.now();
      set_seen(now);
      set_trouble('');
    } catch (error) {
      set_trouble(error instanceof Refusal && error.status === 403 ? 'denied' : 'lost');
    }
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void (document.hidden ? undefined : refresh()), EVERY_MS);
  };
  useEffect(() => {
    const wake = () => document.hidden || void refresh();
    wake();
    document.addEventListener('visibilitychange', wake);
    return () => {
      clearTimeout(timer.current);
      document.removeEventListener('visibilitychange', wake);
    };
  }, [owner.id]);
  const live = seen?.sessions.filter(({ state }) => state === 'live') ?? [];
  const asked = seen?.questions ?? [];
  const starting = seen?.sessions.filter(({ state, consent }) => state === 'asking' && consent) ?? [];
  return (
    <>
      <p class="product">
        <strong>{owner.device}</strong>{' '}
        {seen && <span class={seen.online ? 'good' : 'quiet'}>{seen.online ? t('online') : t('offline')}</span>}
      </p>
      {trouble && <p role="alert" class="problem">{t(trouble)}</p>}
      {!seen && !trouble && <p class="quiet">{t('loading')}</p>}
      {live.map((session) => (
        <Live key={session.id} owner={owner} session={session} words={seen?.owner?.words ?? {}} on_change={() => void refresh()} />
      ))}
      {asked.map((question) => (
        <Ask key={question.text} owner={owner} question={question} on_change={() => void refresh()} />
      ))}
      {starting.map(({ id, engineer }) => (
        <p key={id} role="status" class="card">{t('starting', { engineer })}</p>
      ))}
      {seen && live.length + asked.length + starting.length === 0 && <p class="card calm" role="status">{t('quiet')}</p>}
      {seen && (
        <>
          <Windows owner={owner} state={seen.owner ?? {}} on_change={() => void renew(owner).then(refresh)} />
          <Past owner={owner} sessions={seen.sessions.filter(({ ended_ms }) => ended_ms)} />
          <section>
            <h2>{t('phones.title')}</h2>
            <ul class="rows">
              {(seen.owner?.keys ?? []).map(({ key, name }) => (
                <li key={key}>{name}{key === owner.id && <span class="quiet"> ({t('phones.this')})</span>}</li>
              ))}
            </ul>
            <p class="quiet">{t('phones.remove')}</p>
          </section>
        </>
      )}
      <p>
        <button type="button" class="plain" onClick={on_forget}>{t('forget')}</button>
      </p>
    </>
  );
}
