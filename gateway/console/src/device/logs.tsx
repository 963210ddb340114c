// A device's log, newest first: search, least severity, older lines. While the newest are shown they keep coming.
import { useState } from 'preact/hooks';
import { get, with_query } from '../api/client';
import { useResource } from '../api/resource';
import type { LogLine, Page } from '../api/types';
import { exact_time, short_time } from '../time';
import { Loaded } from '../ui/loaded';
import { SearchBox } from '../ui/search_box';
import { t, type Word } from '../words/words';

const LINES = 200;
const DEBUG = 7;
const CHOICES = [DEBUG, 6, 5, 4, 3, 2];

export function log_level(severity: number): string {
  return t(`log.${Math.min(DEBUG, Math.max(0, severity))}` as Word);
}

export function LogLines({ lines }: { lines: LogLine[] }) {
  return (
    <div class="table-box log" tabIndex={0} role="region" aria-label={t('device.logs')}>
      <table>
        <caption class="unseen">{t('device.logs')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('log.time')}</th>
            <th scope="col">{t('log.level')}</th>
            <th scope="col" class="wide">
              {t('log.app')}
            </th>
            <th scope="col" class="main">
              {t('log.text')}
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line, i) => (
            <tr key={`${line.t} ${i}`} class={`level-${line.severity}`}>
              <td class="number" title={exact_time(line.t)}>
                {short_time(line.t)}
              </td>
              <td class="level">{log_level(line.severity)}</td>
              <td class="wide">{line.app}</td>
              <td class="main">
                {line.text}
                {line.cut && (
                  <abbr title={t('log.cut')} aria-label={t('log.cut')}>
                    …
                  </abbr>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Logs({ device }: { device: string }) {
  const [q, set_q] = useState('');
  const [severity, set_severity] = useState(DEBUG);
  const [before_ms, set_before] = useState<number>();
  const path = with_query(`/devices/${device}/logs`, { q, severity: severity === DEBUG ? undefined : severity, before_ms, limit: LINES });
  const logs = useResource(path, (abort) => get<Page<LogLine, never>>(path, abort), {
    every_ms: before_ms === undefined ? 5_000 : undefined,
  });
  return (
    <section>
      <div class="page-head">
        <h2>{t('device.logs')}</h2>
        <label class="inline">
          {t('log.severity')}
          <select
            value={String(severity)}
            onChange={(event) => {
              set_severity(Number(event.currentTarget.value));
              set_before(undefined);
            }}
          >
            {CHOICES.map((one) => (
              <option key={one} value={String(one)}>
                {one === DEBUG ? t('log.any') : log_level(one)}
              </option>
            ))}
          </select>
        </label>
        <SearchBox
          label={t('log.search')}
          value={q}
          change={(text) => {
            set_q(text.trim());
            set_before(undefined);
          }}
        />
      </div>
      <Loaded from={logs}>
        {(data) => (
          <>
            {data.items.length === 0 ? (
              <p class="quiet">{t(q || severity !== DEBUG ? 'log.no_match' : 'log.empty')}</p>
            ) : (
              <LogLines lines={data.items} />
            )}
            <p class="pager">
              <button type="button" disabled={before_ms === undefined} onClick={() => set_before(undefined)}>
                {t('log.newest')}
              </button>
              <button type="button" disabled={data.items.length < LINES} onClick={() => set_before(data.items.at(-1)?.t)}>
                {t('log.older')}
              </button>
            </p>
          </>
        )}
      </Loaded>
    </section>
  );
}
