// Where a product stands: its site, and what it hangs on. Whoever works on tickets may change it.
import { useState } from 'preact/hooks';
import { post } from '../api/client';
import { my_role_is } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import type { DeviceDetail } from '../api/types';
import { Dialog } from '../ui/dialog';
import { ProblemNote } from '../ui/problem_note';
import { t } from '../words/words';

function Edit({ device, close }: { device: DeviceDetail; close: () => void }) {
  const [problem, set_problem] = useState<Problem>();
  const [is_busy, set_busy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    set_busy(true);
    set_problem(undefined);
    try {
      await post(`/devices/${encodeURIComponent(device.id)}/location`, { site: form.get('site'), parent: form.get('parent') });
      close();
    } catch (error) {
      set_problem(as_problem(error));
      set_busy(false);
    }
  };
  return (
    <Dialog title={t('location.title')} close={close}>
      <form onSubmit={(event) => void submit(event)}>
        <p class="quiet">{t('location.explain')}</p>
        <label>
          {t('location.site')}
          <input name="site" maxLength={63} defaultValue={device.location.site ?? ''} autofocus />
        </label>
        <label>
          {t('location.parent')}
          <input name="parent" maxLength={63} defaultValue={device.location.parent ?? ''} />
        </label>
        {problem && <ProblemNote problem={problem} />}
        <div class="buttons end">
          <button type="button" onClick={close}>
            {t('app.cancel')}
          </button>
          <button type="submit" class="primary" disabled={is_busy}>
            {t('location.save')}
          </button>
        </div>
      </form>
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
