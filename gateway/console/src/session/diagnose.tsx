// The pack's named checks, and what each run said. The output is text of the product: shown as text.
import { me } from '../api/me';
import { clock_time } from '../time';
import { t, titled } from '../words/words';
import type { Run } from './leg';
import type { PanelProps } from './panels';

function RunResult({ run, title }: { run: Run; title: string }) {
  return (
    <li>
      <p>
        <b>{title}</b>{' '}
        <span class="quiet small">
          {clock_time(run.started_ms)} {run.by}
        </span>{' '}
        {!run.result && run.error === undefined && <span role="status">{t('diagnose.running')}</span>}
        {run.result && (
          <span class={run.result.exit === 0 ? 'quiet small' : 'bad-word'}>
            {t('diagnose.done', { exit: run.result.exit, seconds: (run.result.took_ms / 1_000).toFixed(1) })}
          </span>
        )}
      </p>
      {run.error !== undefined && <p class="note bad">{t('diagnose.failed', { text: run.error })}</p>}
      {run.result && (run.result.output ? <pre tabIndex={0}>{run.result.output}</pre> : <p class="quiet">{t('diagnose.no_output')}</p>)}
      {run.result?.truncated && <p class="quiet small">{t('diagnose.truncated')}</p>}
    </li>
  );
}

export function DiagnosePane({ leg, device, may_act }: PanelProps) {
  const { diagnostics } = device;
  const runs = leg.runs.value;
  const title_of = (name: string): string => {
    const found = diagnostics.find((one) => one.name === name);
    return found ? titled(found) : name;
  };
  const is_running = (name: string): boolean => runs.some((run) => run.name === name && !run.result && run.error === undefined);
  return (
    <section class="card">
      <h2>{t('diagnose.title')}</h2>
      {diagnostics.length === 0 && <p class="quiet">{t('diagnose.none')}</p>}
      {may_act && (
        <div class="buttons">
          {diagnostics.map((one) => (
            <button
              type="button"
              key={one.name}
              disabled={leg.state.value !== 'open' || is_running(one.name)}
              onClick={() => leg.run(one.name, me.value?.user ?? '')}
            >
              {titled(one)}
            </button>
          ))}
        </div>
      )}
      <ol class="runs">
        {runs.map((run) => (
          <RunResult key={run.id} run={run} title={title_of(run.name)} />
        ))}
      </ol>
    </section>
  );
}
