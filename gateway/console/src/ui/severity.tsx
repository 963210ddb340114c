// Severity as word, shape and colour together: each alone is enough to read it.
import type { Severity } from '../api/types';
import { t, t_or } from '../words/words';

const SHAPES: Record<Severity, string> = {
  critical: 'M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z', // octagon
  major: 'M8 1l7.4 13.6H.6z', // triangle
  minor: 'M8 .8L15.2 8 8 15.2.8 8z', // diamond
  warning: 'M8 1.4a6.6 6.6 0 1 1 0 13.2A6.6 6.6 0 0 1 8 1.4z', // ring (drawn hollow)
};

export function SeverityMark({ severity, count }: { severity: Severity; count?: number }) {
  return (
    <span class={`severity ${severity}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[severity] ?? SHAPES.warning} />
      </svg>
      {count !== undefined && <b>{count}</b>}
      {t_or(`severity.${severity}`, severity)}
    </span>
  );
}

export function OnlineMark({ is_online }: { is_online: boolean }) {
  return <span class={`online ${is_online ? 'on' : 'off'}`}>{t(is_online ? 'device.online' : 'device.offline')}</span>;
}
