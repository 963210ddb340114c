// What is wrong with the gateway itself, in plain words, for those who can do something about it. /healthz is no part of the
// API (503 is an answer there, not a failure), so it is asked here and not through client.ts.
import { my_role_is } from '../api/me';
import { useResource } from '../api/resource';
import type { Health } from '../api/types';
import { t, t_or } from '../words/words';

const EVERY_MS = 15_000;

async function ask(abort: AbortSignal): Promise<Health> {
  const response = await fetch('/healthz', { cache: 'no-store', signal: abort });
  return (await response.json()) as Health;
}

export function HealthNote() {
  const may_act = my_role_is('administrator', 'supervisor');
  const health = useResource(may_act ? 'health' : null, ask, { every_ms: EVERY_MS });
  const reasons = health.data?.reasons ?? [];
  if (reasons.length === 0) return null;
  return (
    <div class={`note ${health.data?.ready ? '' : 'bad'}`} role="status">
      <p>
        <strong>{t(health.data?.ready ? 'health.degraded' : 'health.unready')}</strong>
      </p>
      <ul>
        {reasons.map(({ id, text }) => (
          <li key={id}>{t_or(`health.${id}`, text)}</li>
        ))}
      </ul>
    </div>
  );
}
