// A time as people say it, the exact one on hover; with `is_exact` the other way round.
import { exact_time, relative_time, short_time, tick } from '../time';

export function Time({ at, is_exact = false }: { at: number | null | undefined; is_exact?: boolean }) {
  tick.value;
  if (!at) return <span class="quiet">–</span>;
  const relative = relative_time(at);
  const exact = exact_time(at);
  return (
    <time dateTime={new Date(at).toISOString()} title={is_exact ? relative : exact}>
      {is_exact ? short_time(at) : relative}
    </time>
  );
}
