// Every alarm, by state; the filter is part of the address.
import { AlarmTabs } from '../alarm/tabs';
import { get, with_query } from '../api/client';
import { useResource } from '../api/resource';
import type { Alarm, Page } from '../api/types';
import { address, set_query } from '../router';
import { AlarmTable } from '../ui/alarm_table';
import { Loaded } from '../ui/loaded';
import { t } from '../words/words';

const LIMIT = 200;
// What the gateway is asked for each choice; the first is what one sees without one.
const FILTERS = [
  ['open', { state: 'open' }],
  ['active', { active: true }],
  ['acknowledged', { state: 'acknowledged' }],
  ['latched', { state: 'latched' }],
  ['shelved', { state: 'shelved' }],
  ['suppressed', { state: 'suppressed' }],
  ['flapping', { state: 'flapping' }],
  ['past', { active: false }],
] as const;

export function Alarms() {
  const chosen = address.value.query.get('show') ?? 'open';
  const [name, asked] = FILTERS.find(([one]) => one === chosen) ?? FILTERS[0];
  const path = with_query('/alarms', { ...asked, limit: LIMIT });
  const alarms = useResource(path, (abort) => get<Page<Alarm, number>>(path, abort), {
    concerns: (n) => n.kind === 'alarm' || n.kind === 'shelf' || n.kind === 'maintenance',
  });
  return (
    <>
      <div class="page-head">
        <h1>{t('nav.alarms')}</h1>
        <label class="inline">
          {t('alarms.filter')}
          <select
            value={name}
            onChange={(event) => set_query({ show: event.currentTarget.value === 'open' ? '' : event.currentTarget.value })}
          >
            {FILTERS.map(([one]) => (
              <option key={one} value={one}>
                {t(`alarms.${one}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <AlarmTabs />
      <Loaded from={alarms}>
        {(data) =>
          data.items.length === 0 ? (
            <p class="note">{t('alarms.none')}</p>
          ) : (
            <AlarmTable alarms={data.items} changed={alarms.reload} has_device />
          )
        }
      </Loaded>
    </>
  );
}
