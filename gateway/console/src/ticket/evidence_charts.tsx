// One evidence, drawn: a chart for each of its series with a line at the moment of the alarm, all over the same stretch of time,
// and the log lines between. Every sample is there, so a point is a sample: lowest, mean and highest are the same.
import { useMemo, useState } from 'preact/hooks';
import type { EvidenceDetail, EvidenceSeries, History } from '../api/types';
import { Chart } from '../device/chart';
import { LogLines } from '../device/logs';
import type { Span } from '../device/series';
import { t, titled } from '../words/words';

function history_of({ metric, part, unit, t: times, v }: EvidenceSeries): History {
  return { metric, part, unit, step_ms: 1, damaged: 0, t: times, min: v, mean: v, max: v };
}

export function EvidenceCharts({ evidence }: { evidence: EvidenceDetail }) {
  const whole: Span = { from_ms: evidence.first_ms, to_ms: Math.max(evidence.last_ms, evidence.first_ms + 1_000) };
  const [zoomed, set_zoomed] = useState<Span>();
  const histories = useMemo(() => evidence.series.map(history_of), [evidence]);
  const lines = useMemo(() => evidence.logs.map((line) => ({ ...line, cut: false })), [evidence]);
  return (
    <>
      {evidence.damaged > 0 && <p class="small bad-word">{t('chart.damaged', { count: evidence.damaged })}</p>}
      {zoomed && (
        <button type="button" onClick={() => set_zoomed(undefined)}>
          {t('evidence.whole')}
        </button>
      )}
      <div class="charts">
        {evidence.series.map((series, i) => (
          <Chart
            key={`${series.metric}/${series.part}`}
            history={histories[i] as History}
            title={series.part ? `${titled(series)} · ${series.part}` : titled(series)}
            span={zoomed ?? whole}
            zoom={set_zoomed}
            mark_ms={evidence.raised_ms}
          />
        ))}
      </div>
      {lines.length > 0 && <LogLines lines={lines} />}
    </>
  );
}
