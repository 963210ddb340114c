// Whose contract covers which product or site, until when, and what it includes.
import { useState } from 'preact/hooks';
import { get, post, with_query } from '../api/client';
import { my_role_is } from '../api/me';
import { useResource, type Resource } from '../api/resource';
import type { Contract, Page } from '../api/types';
import { AccessTabs } from '../session/access_tabs';
import { CapabilityBoxes, end_of_day } from '../session/capability_boxes';
import { Dialog } from '../ui/dialog';
import { DialogForm } from '../ui/dialog_form';
import { Loaded } from '../ui/loaded';
import { Table, type Column } from '../ui/table';
import { Time } from '../ui/time';
import { t, t_or } from '../words/words';

const LIMIT = 500;

function Set({ close, changed }: { close: () => void; changed: () => void }) {
  const send = async (form: FormData): Promise<void> => {
    await post('/contracts', {
      scope: form.get('scope'),
      target: String(form.get('target')).trim(),
      customer: String(form.get('customer')).trim(),
      until_ms: end_of_day(String(form.get('until'))),
      capabilities: form.getAll('capability'),
    });
    changed();
    close();
  };
  return (
    <Dialog title={t('contracts.set')} close={close}>
      <DialogForm submit={t('contracts.submit')} send={send} close={close}>
        <label>
          {t('contracts.scope')}
          <select name="scope">
            <option value="device">{t('scope.device')}</option>
            <option value="site">{t('scope.site')}</option>
          </select>
        </label>
        <label>
          {t('contracts.target')}
          <input name="target" required maxLength={63} />
        </label>
        <label>
          {t('contracts.customer')}
          <input name="customer" required maxLength={60} />
        </label>
        <label>
          {t('people.until')}
          <input type="date" name="until" required />
        </label>
        <CapabilityBoxes />
      </DialogForm>
    </Dialog>
  );
}

function List({ title, from }: { title: string; from: Resource<Page<Contract, never>> }) {
  const columns: Column<Contract>[] = [
    { head: t('contracts.target'), is_main: true, cell: (c) => (c.scope === 'device' ? <a href={`/devices/${c.target}`}>{c.target}</a> : c.target) },
    { head: t('contracts.customer'), cell: (c) => c.customer },
    {
      head: t('people.until'),
      cell: (c) => (
        <>
          <Time at={c.until_ms} /> {!c.valid && <span class="bad-word">{t('contracts.over')}</span>}
        </>
      ),
    },
    {
      head: t('contracts.includes'),
      cell: (c) => c.capabilities.map((one) => t_or(`capability.${one}`, one)).join(', ') || t('contracts.nothing'),
    },
  ];
  return (
    <section>
      <h2>{title}</h2>
      <Loaded from={from}>
        {(data) =>
          data.items.length === 0 ? (
            <p class="quiet">{t('contracts.none')}</p>
          ) : (
            <Table label={title} columns={columns} rows={data.items} row_key={(c) => c.target} />
          )
        }
      </Loaded>
    </section>
  );
}

function useContracts(scope: string): Resource<Page<Contract, never>> {
  const path = with_query('/contracts', { scope, limit: LIMIT });
  return useResource(path, (abort) => get<Page<Contract, never>>(path, abort));
}

export function Contracts() {
  const [is_setting, set_setting] = useState(false);
  const sites = useContracts('site');
  const devices = useContracts('device');
  const reload = (): void => [sites, devices].forEach((one) => one.reload());
  return (
    <>
      <AccessTabs />
      <h1>{t('contracts.title')}</h1>
      <p class="quiet">{t('contracts.explain')}</p>
      {my_role_is('supervisor', 'administrator') && (
        <p>
          <button type="button" class="primary" onClick={() => set_setting(true)}>
            {t('contracts.set')}
          </button>
        </p>
      )}
      {is_setting && <Set close={() => set_setting(false)} changed={reload} />}
      <List title={t('contracts.site')} from={sites} />
      <List title={t('contracts.device')} from={devices} />
    </>
  );
}
