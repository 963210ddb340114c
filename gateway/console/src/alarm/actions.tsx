// What a person can do about an alarm now. Which of it is possible follows from its state; the gateway decides again.
import { useState } from 'preact/hooks';
import { post } from '../api/client';
import type { Problem } from '../api/problem';
import { as_problem } from '../api/problem';
import type { Alarm } from '../api/types';
import { t, type Word } from '../words/words';
import { Shelve } from './shelve';

interface Act {
  verb: 'acknowledge' | 'unshelve' | 'reset';
  word: Word;
  is_open: (alarm: Alarm) => boolean;
}
const ACTS: Act[] = [
  { verb: 'acknowledge', word: 'alarm.acknowledge', is_open: (a) => a.active && !a.acknowledged },
  { verb: 'reset', word: 'shelve.reset', is_open: (a) => a.state === 'latched' },
  { verb: 'unshelve', word: 'shelve.unshelve', is_open: (a) => a.shelved !== null },
];

export function AlarmActions({ alarm, changed, failed }: { alarm: Alarm; changed: () => void; failed: (problem?: Problem) => void }) {
  const [is_busy, set_busy] = useState(false);
  const [is_shelving, set_shelving] = useState(false);
  const name = alarm.summary || alarm.alarm;
  const act = async (verb: Act['verb']): Promise<void> => {
    set_busy(true);
    failed();
    try {
      await post(`/alarms/${alarm.id}/${verb}`);
    } catch (error) {
      failed(as_problem(error));
    }
    set_busy(false);
    changed();
  };
  return (
    <span class="buttons">
      {ACTS.filter(({ is_open }) => is_open(alarm)).map(({ verb, word }) => (
        <button
          key={verb}
          type="button"
          class="small"
          disabled={is_busy}
          onClick={() => void act(verb)}
          aria-label={`${t(word)}: ${name}`}
        >
          {t(word)}
        </button>
      ))}
      {alarm.active && alarm.shelved === null && (
        <button type="button" class="small" disabled={is_busy} onClick={() => set_shelving(true)} aria-label={`${t('shelve.button')}: ${name}`}>
          {t('shelve.button')}
        </button>
      )}
      {is_shelving && (
        <Shelve
          alarm={alarm}
          close={(is_done) => {
            set_shelving(false);
            if (is_done) changed();
          }}
        />
      )}
    </span>
  );
}
