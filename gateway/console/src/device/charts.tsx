// The charts of a device: one time range for all of them, following the present or, after dragging across one, a fixed
// stretch of the past. Drawn at once: what the pack marks as charted; the rest can be added.
import { useState } from 'preact/hooks';
import { useResource } from '../api/resource';
import type { DeviceDetail, Metric } from '../api/types';
import { exact_time, now_ms } from '../time';
import { Loaded } from '../ui/loaded';
import { t, titled, type Word } from '../words/words';
import { Chart } from './chart';
import { load_series, type Span } from './series';

const RANGES: { name: Word; length_ms: number }[] = [
  { name: 'chart.15m', length_ms: 15 * 60_000 },
  { name: 'chart.1h', length_ms: 3_600_000 },
  { name: 'chart.6h', length_ms: 6 * 3_600_000 },
  { name: 'chart.24h', length_ms: 24 * 3_600_000 },
  { name: 'chart.7d', length_ms: 7 * 24 * 3_600_000 },
  { name: 'chart.30d', length_ms: 30 * 24 * 3_600_000 },
  { name: 'chart.1y', length_ms: 365 * 24 * 3_600_000 },
];
const REDRAWS = 500; // of a chart while its whole length passes
const AT_LEAST_EVERY_MS = 5_000;

interface Series {
  metric: Metric;
  part: string;
}
const key_of = ({ metric, part }: Series): string => (part ? `${metric.name}/${part}` : metric.name);

function SeriesChart({
  device,
  series,
  length_ms,
  zoomed,
  zoom,
}: {
  device: string;
  series: Series;
  length_ms: number;
  zoomed: Span | undefined;
  zoom: (span: Span) => void;
}) {
  const { metric, part } = series;
  const title = part ? `${titled(metric)} · ${part}` : titled(metric);
  const key = `${device} ${key_of(series)} ${zoomed ? `${zoomed.from_ms}-${zoomed.to_ms}` : length_ms}`;
  const history = useResource(
    key,
    async (abort) => {
      const to_ms = zoomed?.to_ms ?? Math.ceil(now_ms());
      const span = { from_ms: zoomed?.from_ms ?? to_ms - length_ms, to_ms };
      return { data: await load_series(device, metric, part, span, abort), span };
    },
    { every_ms: zoomed ? undefined : Math.max(AT_LEAST_EVERY_MS, length_ms / REDRAWS) },
  );
  if (!history.data && history.is_loading) {
    return (
      <figure class="chart empty">
        <figcaption>
          <b>{title}</b>
        </figcaption>
      </figure>
    );
  }
  return <Loaded from={history}>{({ data, span }) => <Chart history={data} title={title} span={span} zoom={zoom} />}</Loaded>;
}

export function Charts({ device }: { device: DeviceDetail }) {
  const [length_ms, set_length] = useState(3_600_000);
  const [zoomed, set_zoomed] = useState<Span>();
  const [added, set_added] = useState<string[]>([]);
  const all = device.metrics.flatMap((metric) => (metric.parts.length > 0 ? metric.parts : ['']).map((part): Series => ({ metric, part })));
  const drawn = all.filter((series) => series.metric.charted || added.includes(key_of(series)));
  const others = all.filter((series) => !series.metric.charted);
  return (
    <section>
      <div class="page-head">
        <h2>{t('device.charts')}</h2>
        <div class="buttons" role="group" aria-label={t('chart.range')}>
          {RANGES.map((range) => (
            <button
              type="button"
              key={range.name}
              aria-pressed={!zoomed && range.length_ms === length_ms}
              onClick={() => {
                set_length(range.length_ms);
                set_zoomed(undefined);
              }}
            >
              {t(range.name)}
            </button>
          ))}
        </div>
        {zoomed ? (
          <>
            <span class="small">
              {exact_time(zoomed.from_ms)} – {exact_time(zoomed.to_ms)}
            </span>
            <button type="button" onClick={() => set_zoomed(undefined)}>
              {t('chart.now')}
            </button>
          </>
        ) : (
          <span class="quiet small wide">{t('chart.zoom_hint')}</span>
        )}
      </div>
      {all.length === 0 && <p class="quiet">{t('device.no_metrics')}</p>}
      <div class="charts">
        {drawn.map((series) => (
          <SeriesChart key={key_of(series)} device={device.id} series={series} length_ms={length_ms} zoomed={zoomed} zoom={set_zoomed} />
        ))}
      </div>
      {others.length > 0 && (
        <details>
          <summary>{t('device.more_metrics')}</summary>
          <div class="checks">
            {others.map((series) => {
              const key = key_of(series);
              return (
                <label class="check" key={key}>
                  <input
                    type="checkbox"
                    checked={added.includes(key)}
                    onChange={(event) => set_added(event.currentTarget.checked ? [...added, key] : added.filter((one) => one !== key))}
                  />
                  {titled(series.metric)}
                  {series.part && ` · ${series.part}`}
                </label>
              );
            })}
          </div>
        </details>
      )}
    </section>
  );
}
