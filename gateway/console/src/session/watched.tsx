// What is true of a session on every screen that shows it: it is recorded, who works, who watches; frozen or not, and why there
// is no connection.
import { t, t_or } from '../words/words';
import type { Leg } from './leg';

export function Watched({ leg, engineer }: { leg: Leg; engineer: string }) {
  const people = leg.people.value;
  const typist = people.find((one) => one.part === 'typist');
  const others = people.filter((one) => one.part !== 'typist');
  return (
    <>
      <span class="recorded" title={t('session.recorded_why')}>
        {t('session.recorded')}
      </span>
      <span>{typist ? t('room.works', { name: typist.name }) : people.length > 0 ? t('room.nobody_works') : engineer}</span>
      {others.length > 0 && (
        <span>
          {t(others.length === 1 ? 'room.watches' : 'room.watch', { count: others.length, names: others.map((one) => one.name).join(', ') })}
        </span>
      )}
    </>
  );
}

export function Notes({ leg }: { leg: Leg }) {
  const told = leg.told.value;
  const gone = leg.closed_because.value;
  return (
    <>
      {told?.frozen && (
        <p class="note frozen" role="alert">
          <b>{t('room.frozen')}</b>{' '}
          {told.frozen === 'no_moderator' ? t('room.frozen_alone') : t('room.frozen_by', { name: told.frozen_by })}
        </p>
      )}
      {leg.state.value === 'lost' && (
        <p class="note bad" role="alert">
          {t('session.lost')}
        </p>
      )}
      {leg.state.value === 'replaced' && (
        <p class="note bad" role="alert">
          {t_or(`gone.${gone}`, t('session.replaced'))}
        </p>
      )}
      {leg.error.value && (
        <p class="note bad" role="alert">
          {t('problem.said', { detail: leg.error.value })}
        </p>
      )}
    </>
  );
}
