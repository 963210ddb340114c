// One series as a line (mean) inside a band (lowest to highest), drawn by uPlot. Nothing is invented: where no data came
// the line is broken. A moment may be marked. The picture also has a sentence, for those who cannot see it.
import { useEffect, useRef } from 'preact/hooks';
import { signal } from '@preact/signals';
import uPlot from 'uplot';
import uplot_css from 'uplot/dist/uPlot.min.css' with { type: 'text' };
import type { History } from '../api/types';
import { adopt_style } from '../style/adopt';
import { locale, short_time } from '../time';
import { format_value } from '../unit';
import { language, t } from '../words/words';
import type { Span } from './series';

adopt_style(uplot_css);

const HEIGHT = 150;
const LONG_SPAN_S = 36 * 3_600;

const dark_query = matchMedia('(prefers-color-scheme: dark)');
const is_dark = signal(dark_query.matches);
dark_query.addEventListener('change', (event) => (is_dark.value = event.matches));

type Column = (number | null | undefined)[];

// Times in seconds, with a hole wherever the series pauses for clearly longer than it usually does.
export function with_holes(history: History): [number[], Column, Column, Column] {
  const { t: times, min, mean, max, step_ms } = history;
  const distances = times
    .slice(1)
    .map((time, i) => time - (times[i] ?? time))
    .sort((a, b) => a - b);
  const usual_ms = distances[Math.floor(distances.length / 2)] ?? step_ms;
  const hole_ms = Math.max(1.5 * step_ms, 4 * usual_ms);
  const columns: [number[], Column, Column, Column] = [[], [], [], []];
  const add = (time: number, low: number | null, middle: number | null, high: number | null): void => {
    columns[0].push(time / 1_000);
    columns[1].push(high);
    columns[2].push(low);
    columns[3].push(middle);
  };
  for (const [i, time] of times.entries()) {
    const before = times[i - 1];
    if (before !== undefined && time - before > hole_ms) add(before + step_ms, null, null, null);
    add(time, min[i] ?? null, mean[i] ?? null, max[i] ?? null);
  }
  return columns;
}

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axis_time(second: number, span_s: number): string {
  const options: Intl.DateTimeFormatOptions =
    span_s > LONG_SPAN_S
      ? { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
      : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...(span_s < 300 ? { second: '2-digit' } : {}) };
  return new Intl.DateTimeFormat(locale(), options).format(second * 1_000);
}

// A line from top to bottom where something happened, if that is in sight.
function draw_mark(u: uPlot, at_ms: number): void {
  const x = Math.round(u.valToPos(at_ms / 1_000, 'x', true));
  if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
  u.ctx.save();
  u.ctx.strokeStyle = color('--bad');
  u.ctx.lineWidth = Math.max(1, devicePixelRatio);
  u.ctx.beginPath();
  u.ctx.moveTo(x, u.bbox.top);
  u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
  u.ctx.stroke();
  u.ctx.restore();
}

const extreme = (of: (a: number, b: number) => number, values: number[]): number => values.reduce((a, b) => of(a, b));

function options_of(
  unit: string,
  span: () => Span,
  hover: (index: number | null) => void,
  zoom: (span: Span) => void,
  mark_ms?: number,
): Omit<uPlot.Options, 'width'> {
  const axis = { stroke: color('--quiet'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false }, font: '11px system-ui' };
  const line = color('--chart');
  return {
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: 'device' }, drag: { x: true, y: false, setScale: false }, points: { size: 6 }, y: false },
    scales: { x: { time: true, range: () => [span().from_ms / 1_000, span().to_ms / 1_000] } },
    series: [
      {},
      { stroke: 'transparent', points: { show: false } },
      { stroke: 'transparent', points: { show: false } },
      { stroke: line, width: 1.5, points: { size: 4 } },
    ],
    bands: [{ series: [1, 2], fill: color('--chart-band') }],
    axes: [
      {
        ...axis,
        size: 26,
        space: 80,
        values: (u, splits) => splits.map((s) => axis_time(s, (u.scales.x?.max ?? 0) - (u.scales.x?.min ?? 0))),
      },
      { ...axis, size: 68, values: (_, splits) => splits.map((s) => format_value(s, unit)) },
    ],
    hooks: {
      draw: mark_ms === undefined ? [] : [(u) => draw_mark(u, mark_ms)],
      setCursor: [(u) => hover(u.cursor.idx ?? null)],
      setSelect: [
        (u) => {
          if (u.select.width < 8) return;
          zoom({
            from_ms: Math.round(u.posToVal(u.select.left, 'x') * 1_000),
            to_ms: Math.round(u.posToVal(u.select.left + u.select.width, 'x') * 1_000),
          });
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

interface ChartProps {
  history: History;
  title: string;
  span: Span;
  zoom: (span: Span) => void;
  mark_ms?: number;
}

export function Chart({ history, title, span, zoom, mark_ms }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLSpanElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef({ span, zoom, history });
  latest.current = { span, zoom, history };
  const unit = history.unit;
  const show = (value: number | undefined): string => format_value(value, unit);
  const summary =
    history.mean.length === 0
      ? t('chart.no_data')
      : t('chart.summary', {
          last: show(history.mean.at(-1)),
          min: show(extreme(Math.min, history.min)),
          max: show(extreme(Math.max, history.max)),
        });

  useEffect(() => {
    const parent = box.current;
    if (!parent) return undefined;
    const hover = (index: number | null): void => {
      if (!readout.current) return;
      const data = plot.current?.data;
      const time = index === null ? undefined : data?.[0][index];
      const [high, low, mean] = index === null || !data ? [] : [data[1]?.[index], data[2]?.[index], data[3]?.[index]];
      readout.current.textContent =
        time === undefined || mean == null
          ? ''
          : `${short_time(time * 1_000)}  ${show(mean)}${low === high ? '' : `  (${show(low ?? undefined)} … ${show(high ?? undefined)})`}`;
    };
    const drawn = new uPlot(
      {
        ...options_of(
          unit,
          () => latest.current.span,
          hover,
          (s) => latest.current.zoom(s),
          mark_ms,
        ),
        width: Math.max(200, parent.clientWidth),
      },
      with_holes(latest.current.history),
      parent,
    );
    plot.current = drawn;
    const watcher = new ResizeObserver(() => drawn.setSize({ width: Math.max(200, parent.clientWidth), height: HEIGHT }));
    watcher.observe(parent);
    return () => {
      watcher.disconnect();
      drawn.destroy();
      plot.current = undefined;
    };
  }, [is_dark.value, language.value, unit, mark_ms]);

  useEffect(() => {
    plot.current?.setData(with_holes(history));
  }, [history, span.from_ms, span.to_ms]);

  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b> <span class="quiet">{summary}</span>
        <span class="readout" ref={readout} aria-hidden="true" />
      </figcaption>
      {history.damaged > 0 && <p class="small bad-word">{t('chart.damaged', { count: history.damaged })}</p>}
      <div ref={box} role="img" aria-label={`${title}: ${summary}`} />
    </figure>
  );
}
