// A ticket opened by hand: an owner reports a fault, or somebody took a call.
import { useState } from 'preact/hooks';
import { post } from '../api/client';
import { my_role_is } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import { SEVERITIES, type Ticket } from '../api/types';
import { go } from '../router';
import { Dialog } from '../ui/dialog';
import { ProblemNote } from '../ui/problem_note';
import { t } from '../words/words';

export function OpenTicket({ device, close }: { device: string; close: () => void }) {
  const [problem, set_problem] = useState<Problem>();
  const [is_busy, set_busy] = useState(false);
  const is_owner = my_role_is('owner');
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    set_busy(true);
    set_problem(undefined);
    try {
      const ticket = await post<Ticket>('/tickets', {
        device,
        subject: form.get('subject'),
        text: form.get('text'),
        severity: form.get('severity'),
        source: is_owner ? 'owner' : form.get('source'),
      });
      close();
      go(`/tickets/${ticket.id}`);
    } catch (error) {
      set_problem(as_problem(error));
      set_busy(false);
    }
  };
  return (
    <Dialog title={t('device.open_ticket')} close={close}>
      <form onSubmit={(event) => void submit(event)}>
        <label>
          {t('ticket.subject')}
          <input name="subject" required maxLength={200} autofocus />
        </label>
        <label>
          {t('ticket.text')}
          <textarea name="text" rows={4} maxLength={4000} />
        </label>
        <div class="row">
          <label>
            {t('severity.label')}
            <select name="severity" defaultValue="minor">
              {SEVERITIES.map((one) => (
                <option key={one} value={one} selected={one === 'minor'}>
                  {t(`severity.${one}`)}
                </option>
              ))}
            </select>
          </label>
          {!is_owner && (
            <label>
              {t('ticket.source')}
              <select name="source">
                <option value="phone">{t('source.phone')}</option>
                <option value="owner">{t('source.owner')}</option>
              </select>
            </label>
          )}
        </div>
        {problem && <ProblemNote problem={problem} />}
        <div class="buttons end">
          <button type="button" onClick={close}>
            {t('app.cancel')}
          </button>
          <button type="submit" class="primary" disabled={is_busy}>
            {t('ticket.created')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
