// A ticket opened by hand: an owner reports a fault, or somebody took a call.
import { post } from '../api/client';
import { my_role_is } from '../api/me';
import { SEVERITIES, type Ticket } from '../api/types';
import { go } from '../router';
import { Dialog } from '../ui/dialog';
import { DialogForm } from '../ui/dialog_form';
import { t } from '../words/words';

export function OpenTicket({ device, close }: { device: string; close: () => void }) {
  const is_owner = my_role_is('owner');
  const send = async (form: FormData): Promise<void> => {
    const ticket = await post<Ticket>('/tickets', {
      device,
      subject: form.get('subject'),
      text: form.get('text'),
      severity: form.get('severity'),
      source: is_owner ? 'owner' : form.get('source'),
    });
    close();
    go(`/tickets/${ticket.id}`);
  };
  return (
    <Dialog title={t('device.open_ticket')} close={close}>
      <DialogForm submit={t('ticket.created')} send={send} close={close}>
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
      </DialogForm>
    </Dialog>
  );
}
