// Values and log lines of the product as they happen. Watching is itself a step that is recorded, so it starts with a button.
import { useEffect, useState } from 'preact/hooks';
import type { LogLine, Metric } from '../api/types';
import { LogLines } from '../device/logs';
import { format_value } from '../unit';
import { t, titled } from '../words/words';
import type { PanelProps } from './panels';

const KEPT_VALUES = 120;
const KEPT_LINES = 200;
const REDRAW_MS = 250;

// A line without axes: is it steady, does it climb, does it jump.
function Course({ values }: { values: number[] }) {
  if (values.length < 2) return null;
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  const points = values.map(
    (value, i) => `${((i / (values.length - 1)) * 100).toFixed(1)},${(18 - ((value - low) / range) * 16).toFixed(1)}`,
  );
  return (
    <svg class="course" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points.join(' ')} />
    </svg>
  );
}

function name_of(key: string, metrics: Metric[]): { title: string; unit: string } {
  const [name = '', part] = key.split('/', 2);
  const metric = metrics.find((one) => one.name === name);
  if (!metric) return { title: key, unit: '' };
  return { title: part ? `${titled(metric)} · ${part}` : titled(metric), unit: metric.unit };
}

export function ObservePane({ leg, device, may_act }: PanelProps) {
  const [is_watching, set_watching] = useState(!may_act);
  const [values, set_values] = useState(new Map<string, number[]>());
  const [lines, set_lines] = useState<LogLine[]>([]);

  useEffect(() => {
    // Collected as they come, drawn a few times a second.
    const fresh_values = new Map<string, number[]>();
    const fresh_lines: LogLine[] = [];
    leg.on_sample = (sample) => {
      for (const [key, value] of Object.entries(sample)) {
        if (typeof value === 'number') fresh_values.set(key, [...(fresh_values.get(key) ?? []), value].slice(-KEPT_VALUES));
      }
    };
    leg.on_log = (line) => void fresh_lines.push({ ...line, cut: false });
    const timer = setInterval(() => {
      if (fresh_values.size > 0) {
        const added = new Map(fresh_values);
        fresh_values.clear();
        set_values(
          (old) =>
            new Map([
              ...old,
              ...[...added].map(([key, more]): [string, number[]] => [key, [...(old.get(key) ?? []), ...more].slice(-KEPT_VALUES)]),
            ]),
        );
      }
      if (fresh_lines.length > 0) {
        const added = fresh_lines.splice(0).reverse();
        set_lines((old) => [...added, ...old].slice(0, KEPT_LINES));
      }
    }, REDRAW_MS);
    return () => {
      clearInterval(timer);
      leg.on_sample = () => undefined;
      leg.on_log = () => undefined;
    };
  }, [leg]);

  // A new connection knows nothing of what the old one had asked for.
  const is_open = leg.state.value === 'open';
  useEffect(() => {
    if (is_open && is_watching && may_act) leg.notify('observe.start');
  }, [is_open, is_watching]);
  const stop = (): void => {
    leg.notify('observe.stop');
    set_watching(false);
  };
  const rows = [...values]
    .map(([key, course]) => ({ key, course, ...name_of(key, device.metrics) }))
    .sort((a, b) => a.title.localeCompare(b.title));
  return (
    <section class="card">
      <div class="page-head">
        <h2>{t('observe.title')}</h2>
        {may_act && (
          <button type="button" disabled={!is_open} onClick={is_watching ? stop : () => set_watching(true)}>
            {t(is_watching ? 'observe.stop' : 'observe.start')}
          </button>
        )}
      </div>
      {is_watching && rows.length === 0 && <p class="quiet">{t('observe.waiting')}</p>}
      {rows.length > 0 && (
        <div class="table-box">
          <table>
            <caption class="unseen">{t('observe.title')}</caption>
            <thead>
              <tr>
                <th scope="col" class="main">
                  {t('observe.metric')}
                </th>
                <th scope="col" class="number">
                  {t('observe.value')}
                </th>
                <th scope="col">{t('observe.course')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.key}>
                  <td class="main">{row.title}</td>
                  <td class="number">{format_value(row.course.at(-1), row.unit)}</td>
                  <td>
                    <Course values={row.course} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {lines.length > 0 && (
        <>
          <h3>{t('observe.log')}</h3>
          <LogLines lines={lines} />
        </>
      )}
    </section>
  );
}
