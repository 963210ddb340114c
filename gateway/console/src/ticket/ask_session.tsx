// Asking for a remote session: what one wants to do, for how long, and why, in words that the owner will read. What is not
// allowed by product and pack is not offered. After asking, the session's own page shows how the consent goes.
import { useState } from 'preact/hooks';
import { get, post } from '../api/client';
import { useResource } from '../api/resource';
import { CAPABILITIES, type DeviceDetail, type Session, type Terms } from '../api/types';
import { go } from '../router';
import { Dialog } from '../ui/dialog';
import { DialogForm } from '../ui/dialog_form';
import { Loaded } from '../ui/loaded';
import { t, t_or } from '../words/words';

const MINUTES = [5, 10, 20, 30, 60, 120, 240];
const USUAL_MINUTES = 30;
const USUAL: readonly string[] = ['observe', 'diagnose']; // what changes nothing is chosen beforehand

type Term = Terms['capabilities'][number];

// What stands in the way of a capability, or what it needs besides the owner.
function Needs({ term, is_emergency }: { term: Term; is_emergency: boolean }) {
  if (!term.may && !is_emergency) return <p class="small bad-word">{t('ask.not_now', { why: term.why_not })}</p>;
  return (
    <>
      {term.approval && !is_emergency && <p class="small">{t('ask.approval')}</p>}
      {term.moderator && <p class="small">{t('ask.moderator')}</p>}
    </>
  );
}

function Emergency({ is_on, set }: { is_on: boolean; set: (on: boolean) => void }) {
  return (
    <>
      <label class="check">
        <input type="checkbox" checked={is_on} onChange={(event) => set(event.currentTarget.checked)} />
        <span>
          <b>{t('ask.emergency')}</b>
        </span>
      </label>
      {is_on && (
        <>
          <p class="note bad">{t('ask.emergency_why')}</p>
          <label>
            {t('ask.password')}
            <input name="password" type="password" autocomplete="current-password" required maxLength={256} />
          </label>
        </>
      )}
    </>
  );
}

function AskForm({ ticket, device, terms, close }: { ticket: number; device: DeviceDetail; terms: Terms; close: () => void }) {
  const [is_none, set_none] = useState(false);
  const [is_emergency, set_emergency] = useState(false);
  const term_of = (one: string): Term | undefined => terms.capabilities.find((term) => term.capability === one);
  const offered = CAPABILITIES.filter((one) => device.capabilities.includes(one) && term_of(one));
  if (offered.length === 0) return <p class="note">{t('ask.none_allowed')}</p>;

  const send = async (form: FormData): Promise<void> => {
    const capabilities = form.getAll('capability');
    set_none(capabilities.length === 0);
    if (capabilities.length === 0) return;
    const session = await post<Session>(`/tickets/${ticket}/${is_emergency ? 'emergency' : 'sessions'}`, {
      capabilities,
      ...(is_emergency ? { password: form.get('password') } : {}),
      minutes: Number(form.get('minutes')),
      reason: String(form.get('reason')).trim(),
    });
    close();
    go(`/sessions/${session.id}`);
  };
  return (
    <DialogForm submit={t(is_emergency ? 'ask.submit_emergency' : 'ask.submit')} send={send} close={close}>
      {!device.online && <p class="note bad">{t('ask.offline')}</p>}
      <p>{t('ask.explain')}</p>
      {terms.contract && <p class="quiet">{t('ask.contract', { customer: terms.contract })}</p>}
      <fieldset>
        <legend>{t('ask.capabilities')}</legend>
        {offered.map((one) => (
          <label class="check" key={one}>
            <input
              type="checkbox"
              name="capability"
              value={one}
              defaultChecked={USUAL.includes(one) && term_of(one)?.may === true}
              disabled={term_of(one)?.may === false && !is_emergency}
            />
            <span>
              <b>{t_or(`capability.${one}`, one)}</b>
              <br />
              <span class="quiet small">{t_or(`does.${one}`, '')}</span>
              <Needs term={term_of(one) as Term} is_emergency={is_emergency} />
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
          {MINUTES.filter((count) => count <= terms.max_minutes).map((count) => (
            <option key={count} value={count} selected={count === USUAL_MINUTES}>
              {t('ask.n_minutes', { count })}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t('ask.reason')}
        <textarea name="reason" rows={3} required minLength={is_emergency ? 20 : 1} maxLength={500} />
      </label>
      {terms.emergency && <Emergency is_on={is_emergency} set={set_emergency} />}
    </DialogForm>
  );
}

export function AskSession({ ticket, device, close }: { ticket: number; device: string; close: () => void }) {
  const path = `/devices/${encodeURIComponent(device)}`;
  const asked = useResource(`ask ${device}`, async (abort) => ({
    detail: await get<DeviceDetail>(path, abort),
    terms: await get<Terms>(`${path}/session-terms`, abort),
  }));
  return (
    <Dialog title={t('ask.title', { device })} close={close}>
      <Loaded from={asked}>{(data) => <AskForm ticket={ticket} device={data.detail} terms={data.terms} close={close} />}</Loaded>
    </Dialog>
  );
}
