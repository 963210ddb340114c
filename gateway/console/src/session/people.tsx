// Who is in the session and with which part; the keyboard goes from hand to hand here. What one may is the gateway's decision:
// a button is there only when it said so.
import { useState } from 'preact/hooks';
import { t, t_or } from '../words/words';
import { CallError, type Leg } from './leg';
import type { Person } from './told';

export function useAsk(leg: Leg): [ask: (method: string, params?: Record<string, unknown>) => void, refusal: string] {
  const [refusal, set_refusal] = useState('');
  const ask = (method: string, params: Record<string, unknown> = {}): void => {
    set_refusal('');
    leg.call(method, params).catch((error: unknown) => {
      set_refusal(error instanceof CallError ? t_or(`refused.${error.code}`, error.message) : String(error));
    });
  };
  return [ask, refusal];
}

function Row({ person, leg, ask }: { person: Person; leg: Leg; ask: (method: string, params?: Record<string, unknown>) => void }) {
  const told = leg.told.value;
  const is_me = person.name === told?.name;
  const may_offer = (told?.part === 'typist' || told?.part === 'moderator') && person.may_type && person.part !== 'typist' && !is_me;
  const is_offered = leg.offered.value === person.name;
  return (
    <li>
      <span>
        <b>{person.name}</b> {is_me && <span class="quiet">{t('people.you')}</span>}
      </span>
      <span class={`part ${person.part}`}>{t_or(`part.${person.part}`, person.part)}</span>
      {person.in_call && <span class="quiet small">{t('people.in_call')}</span>}
      {may_offer && (
        <button type="button" class="small" onClick={() => ask('session.offer', { to: is_offered ? '' : person.name })}>
          {t(is_offered ? 'people.withdraw' : 'people.offer', { name: person.name })}
        </button>
      )}
    </li>
  );
}

export function People({ leg }: { leg: Leg }) {
  const [ask, refusal] = useAsk(leg);
  const people = leg.people.value;
  const told = leg.told.value;
  if (!told) return null;
  const is_offered_me = leg.offered.value !== '' && leg.offered.value === told.name;
  const may_take = told.may.includes('type') && !told.may_type;
  const is_nobody = !people.some((person) => person.part === 'typist');
  return (
    <section class="card people" aria-label={t('people.title')}>
      <h2>{t('people.title')}</h2>
      <ul>
        {people.map((person) => (
          <Row key={person.name} person={person} leg={leg} ask={ask} />
        ))}
      </ul>
      {is_offered_me && (
        <p class="note" role="alert">
          {t('people.offered_you')}
        </p>
      )}
      {may_take && (is_offered_me || is_nobody || told.part === 'moderator') && (
        <button type="button" class={is_offered_me ? 'primary' : ''} onClick={() => ask('session.take')}>
          {t('people.take')}
        </button>
      )}
      {refusal && (
        <p class="note bad" role="alert">
          {refusal}
        </p>
      )}
    </section>
  );
}
