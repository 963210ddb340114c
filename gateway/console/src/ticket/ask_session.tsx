// Asking for a remote session: what one wants to do, for how long, and why, in words that the owner will read. What is not
// allowed by product and pack is not offered. After asking, the session's own page shows how the consent goes.
import { useState } from 'preact/hooks';
import { get, post } from '../api/client';
import { as_problem, type Problem } from '../api/problem';
import { useResource } from '../api/resource';
import type { DeviceDetail, Session } from '../api/types';
import { go } from '../router';
import { Dialog } from '../ui/dialog';
import { Loaded } from '../ui/loaded';
import { ProblemNote } from '../ui/problem_note';
import { t } from '../words/words';

const ASKABLE = ['observe', 'diagnose', 'shell'] as const;
const MINUTES = [10, 30, 60, 120, 240];
const USUAL_MINUTES = 30;

function AskForm({ ticket, device, close }: { ticket: number; device: DeviceDetail; close: () => void }) {
  const [problem, set_problem] = useState<Problem>();
  const [is_busy, set_busy] = useState(false);
  const [is_none, set_none] = useState(false);
  const offered = ASKABLE.filter((one) => device.capabilities.includes(one));
  if (offered.length === 0) return <p class="note">{t('ask.none_allowed')}</p>;

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const capabilities = form.getAll('capability');
    set_none(capabilities.length === 0);
    if (capabilities.length === 0) return;
    set_busy(true);
    set_problem(undefined);
    try {
      const session = await post<Session>(`/tickets/${ticket}/sessions`, {
        capabilities,
        minutes: Number(form.get('minutes')),
        reason: String(form.get('reason')).trim(),
      });
      close();
      go(`/sessions/${session.id}`);
    } catch (error) {
      set_problem(as_problem(error));
      set_busy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
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
      {problem && <ProblemNote problem={problem} />}
      <div class="buttons end">
        <button type="button" onClick={close}>
          {t('app.cancel')}
        </button>
        <button type="submit" class="primary" disabled={is_busy}>
          {t('ask.submit')}
        </button>
      </div>
    </form>
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
