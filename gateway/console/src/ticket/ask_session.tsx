// Asking for a remote session: what one wants to do, for how long, and why, in words that the owner will read. What is not
// allowed by product and pack is not offered. After asking, the session's own page shows how the consent goes.
import { useState } from 'preact/hooks';
import { get, post } from '../api/client';
import { useResource } from '../api/resource';
import type { DeviceDetail, Session } from '../api/types';
import { go } from '../router';
import { Dialog } from '../ui/dialog';
import { DialogForm } from '../ui/dialog_form';
import { Loaded } from '../ui/loaded';
import { t } from '../words/words';

const ASKABLE = ['observe', 'diagnose', 'shell'] as const;
const MINUTES = [10, 30, 60, 120, 240];
const USUAL_MINUTES = 30;

function AskForm({ ticket, device, close }: { ticket: number; device: DeviceDetail; close: () => void }) {
  const [is_none, set_none] = useState(false);
  const offered = ASKABLE.filter((one) => device.capabilities.includes(one));
  if (offered.length === 0) return <p class="note">{t('ask.none_allowed')}</p>;

  const send = async (form: FormData): Promise<void> => {
    const capabilities = form.getAll('capability');
    set_none(capabilities.length === 0);
    if (capabilities.length === 0) return;
    const session = await post<Session>(`/tickets/${ticket}/sessions`, {
      capabilities,
      minutes: Number(form.get('minutes')),
      reason: String(form.get('reason')).trim(),
    });
    close();
    go(`/sessions/${session.id}`);
  };
  return (
    <DialogForm submit={t('ask.submit')} send={send} close={close}>
      {!device.online && <p class="note bad">{t('ask.offline')}</p>}
      <p>{t('ask.explain')}</p>
      <fieldset>
        <legend>{t('ask.capabilities')}</legend>
        {offered.map((one) => (
          <label class="check" key={one}>
            <input type="checkbox" name="capability" value={one} defaultChecked={one !== 'shell'} />
            <span>
              <b>{t(`capability.${one}`)}</b>
              <br />
              <span class="quiet small">{t(`does.${one}`)}</span>
            </span>
          </label>
        ))}
        {is_none && (
          <p class="note bad" role="alert">
            {t('ask.choose')}
          </p>
        )}
      </fieldset>
      <label>
        {t('ask.minutes')}
        <select name="minutes">
          {MINUTES.map((count) => (
            <option key={count} value={count} selected={count === USUAL_MINUTES}>
              {t('ask.n_minutes', { count })}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t('ask.reason')}
        <textarea name="reason" rows={3} required maxLength={500} />
      </label>
    </DialogForm>
  );
}

export function AskSession({ ticket, device, close }: { ticket: number; device: string; close: () => void }) {
  const detail = useResource(`ask ${device}`, (abort) => get<DeviceDetail>(`/devices/${encodeURIComponent(device)}`, abort));
  return (
    <Dialog title={t('ask.title', { device })} close={close}>
      <Loaded from={detail}>{(data) => <AskForm ticket={ticket} device={data} close={close} />}</Loaded>
    </Dialog>
  );
}
