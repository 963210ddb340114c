// How an alarm stands, as tags: its state, and why it opens no ticket just now.
import type { Alarm } from '../api/types';
import { short_time } from '../time';
import { t } from '../words/words';

function why_silent(alarm: Alarm): string {
  if (!alarm.suppressed) return '';
  const until = alarm.shelved ? short_time(alarm.shelved.until_ms) : '';
  const reason = alarm.suppressed === 'shelved' && alarm.shelved ? ` ${alarm.shelved.by}: ${alarm.shelved.reason}` : '';
  return t(`silence.${alarm.suppressed}`, { until }) + reason;
}

export function AlarmState({ alarm }: { alarm: Alarm }) {
  const word = t(`standing.${alarm.state}`);
  return (
    <>
      {alarm.state === 'active' ? (
        <b>{word}</b>
      ) : (
        <span
          class={alarm.active ? '' : 'quiet'}
          title={
            alarm.state === 'latched'
              ? t('alarm.latched_why')
              : alarm.acknowledged_by
                ? t('alarm.acknowledged_by', { who: alarm.acknowledged_by })
                : undefined
          }
        >
          {word}
        </span>
      )}{' '}
      {alarm.active && alarm.unknown && (
        <span class="tag" title={t('alarm.unknown_why')}>
          {t('alarm.unknown')}
        </span>
      )}
      {alarm.flapping && (
        <span class="tag" title={t('alarm.flapping_why')}>
          {t('alarm.flapping')}
        </span>
      )}
      {alarm.suppressed ? (
        <span class="tag" title={why_silent(alarm)}>
          {t(`suppressed.${alarm.suppressed}`)}
        </span>
      ) : (
        alarm.shelved && <span class="tag">{t('suppressed.shelved')}</span>
      )}
      {alarm.count > 1 && <span class="tag">{t('alarm.times', { count: alarm.count })}</span>}
    </>
  );
}

/** The same in a sentence, where there is room: a tag's title cannot be read on a phone. */
export function WhySilent({ alarm }: { alarm: Alarm }) {
  const text = alarm.state === 'latched' ? t('alarm.latched_why') : why_silent(alarm);
  return text ? <p class="quiet small">{text}</p> : null;
}
