// An alarm is put aside: for how long, and why. The gateway allows a week at most.
import { useState } from 'preact/hooks';
import { post } from '../api/client';
import { as_problem, type Problem } from '../api/problem';
import type { Alarm } from '../api/types';
import { Dialog } from '../ui/dialog';
import { ProblemNote } from '../ui/problem_note';
import { t } from '../words/words';

const HOURS = [1, 4, 8, 24, 72, 168];
const HOURS_A_DAY = 24;

export function Shelve({ alarm, close }: { alarm: Alarm; close: (is_done: boolean) => void }) {
  const [problem, set_problem] = useState<Problem>();
  const [is_busy, set_busy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    set_busy(true);
    set_problem(undefined);
    try {
      await post(`/alarms/${alarm.id}/shelve`, { minutes: Number(form.get('hours')) * 60, reason: form.get('reason') });
      close(true);
    } catch (error) {
      set_problem(as_problem(error));
      set_busy(false);
    }
  };
  return (
    <Dialog title={t('shelve.title', { alarm: alarm.summary || alarm.alarm })} close={() => close(false)}>
      <form onSubmit={(event) => void submit(event)}>
        <p class="quiet">{t('shelve.explain')}</p>
        <label>
          {t('shelve.for')}
          <select name="hours">
            {HOURS.map((hours) => (
              <option key={hours} value={hours}>
                {hours > HOURS_A_DAY ? t('shelve.days', { count: hours / HOURS_A_DAY }) : t('shelve.hours', { count: hours })}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t('shelve.reason')}
          <input name="reason" required maxLength={199} autofocus />
        </label>
        {problem && <ProblemNote problem={problem} />}
        <div class="buttons end">
          <button type="button" onClick={() => close(false)}>
            {t('app.cancel')}
          </button>
          <button type="submit" class="primary" disabled={is_busy}>
            {t('shelve.submit')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
