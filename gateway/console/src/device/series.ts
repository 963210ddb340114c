// One series for a chart, as the gateway has it and as people read it: a part that the product never reported is an empty series,
// and a counter of bytes is drawn as its speed, since its height says only how long the product has been running.
import { get, with_query } from '../api/client';
import { Problem } from '../api/problem';
import type { History, Metric } from '../api/types';

export interface Span {
  from_ms: number;
  to_ms: number;
}
const POINTS = 500;

export async function load_series(device: string, metric: Metric, part: string, span: Span, abort: AbortSignal): Promise<History> {
  const path = with_query(`/devices/${encodeURIComponent(device)}/history`, { metric: metric.name, part, ...span, points: POINTS });
  try {
    const history = await get<History>(path, abort);
    const named = { ...history, unit: history.unit || metric.unit };
    return metric.kind === 'counter' && named.unit === 'B' ? speed_of(named) : named;
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    return { metric: metric.name, part, unit: metric.unit, step_ms: 1, damaged: 0, t: [], min: [], mean: [], max: [] };
  }
}

// How much it grew from one point to the next, for each second. A counter that fell was reset: nothing is known of that stretch.
export function speed_of(history: History): History {
  const { t, max } = history;
  const times: number[] = [];
  const speeds: number[] = [];
  for (let i = 1; i < t.length; i++) {
    const grown = (max[i] ?? 0) - (max[i - 1] ?? 0);
    const took_ms = (t[i] ?? 0) - (t[i - 1] ?? 0);
    if (grown < 0 || took_ms <= 0) continue;
    times.push(t[i] ?? 0);
    speeds.push((grown * 1_000) / took_ms);
  }
  return { ...history, unit: `${history.unit}/s`, t: times, min: speeds, mean: speeds, max: speeds };
}
