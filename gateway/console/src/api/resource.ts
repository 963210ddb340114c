// What a page shows of the gateway: loaded once, loaded again when a notice concerns it, when the connection came back,
// when asked, and now and then while there are no notices. Old data stays on the screen until new data is there, also
// when loading fails: `problem` then says so beside it. One request at a time; a wish during a request waits for its end.
import { useEffect, useRef, useState } from 'preact/hooks';
import { is_live, on_notice } from './live';
import { generation } from './link';
import { as_problem, type Problem } from './problem';
import type { Notice } from './types';

const AT_MOST_EVERY_MS = 1_000; // a storm of notices is not a storm of requests
const WITHOUT_NOTICES_MS = 15_000;

export interface Resource<T> {
  data: T | undefined;
  problem: Problem | undefined;
  is_loading: boolean;
  reload: () => void;
}
export interface Watch {
  concerns?: (notice: Notice) => boolean;
  every_ms?: number | undefined; // besides notices, for what changes all the time
}

// `key` names what is loaded; another key drops the data. null loads nothing.
export function useResource<T>(key: string | null, load: (abort: AbortSignal) => Promise<T>, watch: Watch = {}): Resource<T> {
  const [shown, show] = useState<{ key: string | null; data?: T; problem?: Problem; is_loading: boolean }>({
    key,
    is_loading: key !== null,
  });
  const latest = useRef({ load, watch });
  latest.current = { load, watch };
  const ask = useRef<() => void>(() => undefined);
  const times = generation.value;

  useEffect(() => {
    if (key === null) return undefined;
    const abort = new AbortController();
    let is_under_way = false;
    let is_wanted_again = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let started_ms = 0;

    const run = async (): Promise<void> => {
      clearTimeout(timer);
      timer = undefined;
      if (is_under_way) {
        is_wanted_again = true;
        return;
      }
      is_under_way = true;
      started_ms = performance.now();
      show((old) => ({ ...(old.key === key ? old : {}), key, is_loading: true }));
      try {
        const data = await latest.current.load(abort.signal);
        if (!abort.signal.aborted) show({ key, data, is_loading: false });
      } catch (error) {
        if (!abort.signal.aborted) show((old) => ({ ...(old.key === key ? old : {}), key, problem: as_problem(error), is_loading: false }));
      }
      is_under_way = false;
      if (is_wanted_again && !abort.signal.aborted) {
        is_wanted_again = false;
        soon();
      }
    };
    const soon = (): void => {
      if (timer !== undefined) return;
      timer = setTimeout(() => void run(), Math.max(0, started_ms + AT_MOST_EVERY_MS - performance.now()));
    };
    ask.current = () => void run();
    void run();

    const stop_notices = on_notice((notice) => {
      if (notice.kind === 'resync' || latest.current.watch.concerns?.(notice)) soon();
    });
    const tick = setInterval(() => {
      const { concerns, every_ms } = latest.current.watch;
      const due_ms = every_ms ?? (concerns && !is_live.value ? WITHOUT_NOTICES_MS : Infinity);
      if (document.visibilityState === 'visible' && performance.now() - started_ms >= due_ms) soon();
    }, 1_000);
    const on_visible = (): void => {
      if (document.visibilityState === 'visible' && latest.current.watch.every_ms) soon();
    };
    document.addEventListener('visibilitychange', on_visible);
    return () => {
      abort.abort();
      clearTimeout(timer);
      clearInterval(tick);
      stop_notices();
      document.removeEventListener('visibilitychange', on_visible);
    };
  }, [key, times]);

  const is_current = shown.key === key;
  return {
    data: is_current ? shown.data : undefined,
    problem: is_current ? shown.problem : undefined,
    is_loading: is_current ? shown.is_loading : key !== null,
    reload: () => ask.current(),
  };
}
