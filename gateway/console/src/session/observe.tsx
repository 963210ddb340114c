// Values and log lines of the product as they happen. Watching is itself a step that is recorded, so it starts with a button;
// what is chosen here the product itself leaves out, so that a metered link carries only what is looked at.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LogLine, Metric } from '../api/types';
import { log_level, LogLines } from '../device/logs';
import { exact_time } from '../time';
import { format_value } from '../unit';
import { t, titled } from '../words/words';
import type { Leg } from './leg';
import { LiveChart, type Course } from './live_chart';
import type { PanelProps } from './panels';

const KEPT_VALUES = 300;
const KEPT_LINES = 500;
const REDRAW_MS = 250;
const LINES_BEFORE = 50;
const INTERVALS_MS = [200, 1_000, 5_000, 30_000];
const SEVERITIES = [7, 6, 5, 4, 3];
const CHARTS = 12;

interface Wish {
  interval_ms: number;
  metrics: string[]; // none: all
  severity: number;
  app: string;
  contains: string;
}
const USUAL: Wish = { interval_ms: 1_000, metrics: [], severity: 7, app: '', contains: '' };

function params_of(wish: Wish, is_first: boolean): Record<string, unknown> {
  const { severity, app, contains } = wish;
  return {
    interval_ms: wish.interval_ms,
    ...(wish.metrics.length > 0 ? { metrics: wish.metrics } : {}),
    log: { severity, ...(app ? { app } : {}), ...(contains ? { contains } : {}), ...(is_first ? { last: LINES_BEFORE } : {}) },
  };
}

function name_of(key: string, metrics: Metric[]): { title: string; unit: string } {
  const [name = '', part] = key.split('/', 2);
  const metric = metrics.find((one) => one.name === name);
  if (!metric) return { title: key, unit: '' };
  return { title: part ? `${titled(metric)} · ${part}` : titled(metric), unit: metric.unit };
}

function added_to(old: Course | undefined, more: Course): Course {
  return {
    times: [...(old?.times ?? []), ...more.times].slice(-KEPT_VALUES),
    values: [...(old?.values ?? []), ...more.values].slice(-KEPT_VALUES),
  };
}

// What came since the last drawing; while it is paused it is kept here.
function useLive(leg: Leg, is_paused: boolean) {
  const [courses, set_courses] = useState(new Map<string, Course>());
  const [lines, set_lines] = useState<LogLine[]>([]);
  const paused = useRef(is_paused);
  paused.current = is_paused;
  useEffect(() => {
    const fresh = new Map<string, Course>();
    const fresh_lines: LogLine[] = [];
    leg.on_sample = (sample, at_ms) => {
      for (const [key, value] of Object.entries(sample)) {
        if (typeof value === 'number') fresh.set(key, added_to(fresh.get(key), { times: [at_ms / 1_000], values: [value] }));
      }
    };
    leg.on_log = (line) => {
      fresh_lines.push({ ...line, cut: false });
      if (fresh_lines.length > KEPT_LINES) fresh_lines.shift();
    };
    const timer = setInterval(() => {
      if (paused.current) return;
      if (fresh.size > 0) {
        const added = [...fresh];
        fresh.clear();
        set_courses((old) => new Map([...old, ...added.map(([key, more]): [string, Course] => [key, added_to(old.get(key), more)])]));
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
  return { courses, lines, forget: () => set_courses(new Map()) };
}

function WishForm({ wish, metrics, change }: { wish: Wish; metrics: Metric[]; change: (wish: Wish) => void }) {
  const toggle = (name: string, is_on: boolean): void =>
    change({ ...wish, metrics: is_on ? [...wish.metrics, name] : wish.metrics.filter((one) => one !== name) });
  return (
    <div class="wish">
      <label>
        {t('observe.every')}{' '}
        <select value={wish.interval_ms} onChange={(event) => change({ ...wish, interval_ms: Number(event.currentTarget.value) })}>
          {INTERVALS_MS.map((ms) => (
            <option key={ms} value={ms}>
              {t('observe.every_ms', { seconds: ms / 1_000 })}
            </option>
          ))}
        </select>
      </label>
      <details>
        <summary>
          {t('observe.choose')} · {wish.metrics.length > 0 ? wish.metrics.length : t('observe.all')}
        </summary>
        <div class="buttons">
          {metrics.map((metric) => (
            <label key={metric.name} class="tick">
              <input
                type="checkbox"
                checked={wish.metrics.includes(metric.name)}
                onChange={(event) => toggle(metric.name, event.currentTarget.checked)}
              />{' '}
              {titled(metric)}
            </label>
          ))}
        </div>
      </details>
      <label>
        {t('observe.severity')}{' '}
        <select value={wish.severity} onChange={(event) => change({ ...wish, severity: Number(event.currentTarget.value) })}>
          {SEVERITIES.map((severity) => (
            <option key={severity} value={severity}>
              {log_level(severity)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t('observe.app')} <input type="text" value={wish.app} maxLength={63} onChange={(event) => change({ ...wish, app: event.currentTarget.value })} />
      </label>
      <label>
        {t('observe.contains')}{' '}
        <input type="text" value={wish.contains} maxLength={100} onChange={(event) => change({ ...wish, contains: event.currentTarget.value })} />
      </label>
    </div>
  );
}

const as_text = (lines: LogLine[]): string =>
  [...lines]
    .reverse()
    .map((line) => `${exact_time(line.t)} ${log_level(line.severity)} ${line.app} ${line.text}`)
    .join('\n');

export function ObservePane({ leg, device, may_act: may_start }: PanelProps) {
  const [is_watching, set_watching] = useState(!may_start);
  const [is_paused, set_paused] = useState(false);
  const [wish, set_wish] = useState(USUAL);
  const { courses, lines, forget } = useLive(leg, is_paused);
  const has_lines = useRef(false);
  has_lines.current = lines.length > 0;

  // A new connection knows nothing of what the old one had asked for.
  const is_open = leg.state.value === 'open';
  useEffect(() => {
    if (!is_open || !is_watching || !may_start) return;
    leg.notify('observe.start', params_of(wish, !has_lines.current));
  }, [is_open, is_watching, wish]);
  const stop = (): void => {
    leg.notify('observe.stop');
    set_watching(false);
  };
  const change = (next: Wish): void => {
    if (next.metrics !== wish.metrics) forget();
    set_wish(next);
  };
  const rows = [...courses]
    .map(([key, course]) => ({ key, course, ...name_of(key, device.metrics) }))
    .sort((a, b) => a.title.localeCompare(b.title));
  return (
    <section class="card">
      <div class="page-head">
        <h2>{t('observe.title')}</h2>
        {is_watching && (
          <button type="button" aria-pressed={is_paused} onClick={() => set_paused(!is_paused)}>
            {t(is_paused ? 'observe.go_on' : 'observe.pause')}
          </button>
        )}
        {may_start && (
          <button type="button" disabled={!is_open} onClick={is_watching ? stop : () => set_watching(true)}>
            {t(is_watching ? 'observe.stop' : 'observe.start')}
          </button>
        )}
      </div>
      {may_start && <WishForm wish={wish} metrics={device.metrics} change={change} />}
      {is_paused && <p role="status">{t('observe.paused')}</p>}
      {is_watching && rows.length === 0 && <p class="quiet">{t('observe.waiting')}</p>}
      {rows.slice(0, CHARTS).map((row) => (
        <div key={row.key} class="live-course">
          <p>
            {row.title} <b class="number">{format_value(row.course.values.at(-1), row.unit)}</b>
          </p>
          <LiveChart course={row.course} unit={row.unit} label={t('observe.chart', { title: row.title })} />
        </div>
      ))}
      {rows.slice(CHARTS).map((row) => (
        <p key={row.key}>
          {row.title} <b class="number">{format_value(row.course.values.at(-1), row.unit)}</b>
        </p>
      ))}
      {lines.length > 0 && (
        <>
          <div class="page-head">
            <h3>{t('observe.log')}</h3>
            <button type="button" onClick={() => void navigator.clipboard.writeText(as_text(lines))}>
              {t('observe.copy')}
            </button>
          </div>
          <LogLines lines={lines} />
        </>
      )}
    </section>
  );
}
