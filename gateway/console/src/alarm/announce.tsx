// Maintenance is announced: of what, from when until when, why. Times are this computer's; the gateway gets milliseconds.
import { useState } from 'preact/hooks';
import { post } from '../api/client';
import { SCOPES } from '../api/types';
import { now_ms } from '../time';
import { Dialog } from '../ui/dialog';
import { DialogForm } from '../ui/dialog_form';
import { t } from '../words/words';

const HOUR_MS = 3_600_000;

/** As <input type="datetime-local"> wants it. */
function local(at_ms: number): string {
  const offset_ms = new Date(at_ms).getTimezoneOffset() * 60_000;
  return new Date(at_ms - offset_ms).toISOString().slice(0, 16);
}

export function Announce({ close }: { close: (is_done: boolean) => void }) {
  const [scope, set_scope] = useState('device');
  const [opened_ms] = useState(now_ms);
  const send = async (form: FormData): Promise<void> => {
    const from = new Date(String(form.get('from'))).getTime();
    await post('/maintenance', {
      scope,
      target: form.get('target') ?? '',
      from_ms: Math.max(from, opened_ms),
      to_ms: new Date(String(form.get('to'))).getTime(),
      reason: form.get('reason'),
    });
    close(true);
  };
  return (
    <Dialog title={t('maintenance.begin')} close={() => close(false)}>
      <DialogForm submit={t('maintenance.begin')} send={send} close={() => close(false)}>
        <p class="quiet">{t('maintenance.explain')}</p>
        <div class="row">
          <label>
            {t('maintenance.scope')}
            <select value={scope} onChange={(event) => set_scope(event.currentTarget.value)}>
              {SCOPES.map((one) => (
                <option key={one} value={one}>
                  {t(`scope.${one}`)}
                </option>
              ))}
            </select>
          </label>
          {scope !== 'all' && (
            <label>
              {t('maintenance.target')}
              <input name="target" required maxLength={63} autofocus />
            </label>
          )}
        </div>
        <div class="row">
          <label>
            {t('maintenance.from')}
            <input name="from" type="datetime-local" required defaultValue={local(opened_ms)} />
          </label>
          <label>
            {t('maintenance.to')}
            <input name="to" type="datetime-local" required defaultValue={local(opened_ms + 2 * HOUR_MS)} />
          </label>
        </div>
        <label>
          {t('shelf.reason')}
          <input name="reason" required maxLength={199} />
        </label>
      </DialogForm>
    </Dialog>
  );
}
