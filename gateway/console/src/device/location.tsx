// Where a product stands: its site, and what it hangs on. Whoever works on tickets may change it.
import { useState } from 'preact/hooks';
import { post } from '../api/client';
import { my_role_is } from '../api/me';
import type { DeviceDetail } from '../api/types';
import { Dialog } from '../ui/dialog';
import { DialogForm } from '../ui/dialog_form';
import { t } from '../words/words';

function Edit({ device, close }: { device: DeviceDetail; close: () => void }) {
  const send = async (form: FormData): Promise<void> => {
    await post(`/devices/${encodeURIComponent(device.id)}/location`, { site: form.get('site'), parent: form.get('parent') });
    close();
  };
  return (
    <Dialog title={t('location.title')} close={close}>
      <DialogForm submit={t('location.save')} send={send} close={close}>
        <p class="quiet">{t('location.explain')}</p>
        <label>
          {t('location.site')}
          <input name="site" maxLength={63} defaultValue={device.location.site ?? ''} autofocus />
        </label>
        <label>
          {t('location.parent')}
          <input name="parent" maxLength={63} defaultValue={device.location.parent ?? ''} />
        </label>
      </DialogForm>
    </Dialog>
  );
}

export function Location({ device }: { device: DeviceDetail }) {
  const [is_editing, set_editing] = useState(false);
  const { site, parent, parent_online } = device.location;
  return (
    <div>
      <dt>{t('location.title')}</dt>
      <dd>
        {site ?? (parent === null && '–')}{' '}
        {parent !== null && (
          <>
            {t('location.parent')} <a href={`/devices/${parent}`}>{parent}</a>{' '}
            {!parent_online && <span class="tag">{t('location.parent_off')}</span>}
          </>
        )}{' '}
        {!my_role_is('owner', 'auditor') && (
          <button type="button" class="small" onClick={() => set_editing(true)} aria-label={`${t('location.edit')}: ${t('location.title')}`}>
            {t('location.edit')}
          </button>
        )}
        {is_editing && <Edit device={device} close={() => set_editing(false)} />}
      </dd>
    </div>
  );
}
