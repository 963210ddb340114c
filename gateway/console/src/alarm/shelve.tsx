// An alarm is put aside: for how long, and why. The gateway allows a week at most.
import { post } from '../api/client';
import type { Alarm } from '../api/types';
import { Dialog } from '../ui/dialog';
import { DialogForm } from '../ui/dialog_form';
import { t } from '../words/words';

const HOURS = [1, 4, 8, 24, 72, 168];
const HOURS_A_DAY = 24;

export function Shelve({ alarm, close }: { alarm: Alarm; close: (is_done: boolean) => void }) {
  const send = async (form: FormData): Promise<void> => {
    await post(`/alarms/${alarm.id}/shelve`, { minutes: Number(form.get('hours')) * 60, reason: form.get('reason') });
    close(true);
  };
  return (
    <Dialog title={t('shelve.title', { alarm: alarm.summary || alarm.alarm })} close={() => close(false)}>
      <DialogForm submit={t('shelve.submit')} send={send} close={() => close(false)}>
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
      </DialogForm>
    </Dialog>
  );
}
