// Which term of the rule had which value when the alarm was raised.
import type { Alarm } from '../api/types';
import { Time } from '../ui/time';
import { t } from '../words/words';

const DIGITS = 6;

export function Why({ alarm }: { alarm: Alarm }) {
  if (alarm.explanation.length === 0) return null;
  return (
    <details class="why">
      <summary>{t('alarm.why')}</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('alarm.term')}</th>
            <th scope="col" class="number">
              {t('alarm.value')}
            </th>
            <th scope="col">{t('alarm.at')}</th>
          </tr>
        </thead>
        <tbody>
          {alarm.explanation.map((one, i) => (
            <tr key={i}>
              <td>
                <code>{one.term}</code>
              </td>
              <td class="number">{one.value === null ? '–' : Number(one.value.toPrecision(DIGITS))}</td>
              <td>
                <Time at={one.at} is_exact />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
