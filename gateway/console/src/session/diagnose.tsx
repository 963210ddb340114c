// The product's named checks, with the arguments that each declares, and what each run says while it runs. The output is text of
// the product: shown as text.
import { useEffect, useState } from 'preact/hooks';
import type { Diagnostic } from '../api/types';
import { me } from '../api/me';
import { clock_time } from '../time';
import { t, t_or, titled } from '../words/words';
import type { Leg, Run } from './leg';
import type { PanelProps } from './panels';
import { save_as } from './save';
import { Download, type Transfer } from './transfer';

interface Arg {
  name: string;
  type: string;
  least?: number;
  most?: number;
  choices?: string[];
  initial?: string;
}
interface Check extends Diagnostic {
  args: Arg[];
  in_bundle: boolean;
}

// What the product says about itself, in the words of the pack where it has some.
function known(said: Check[], pack: Diagnostic[]): Check[] {
  return said.map((one) => ({ ...one, title_zh: '', ...pack.find((other) => other.name === one.name) }));
}

function Argument({ arg, value, set }: { arg: Arg; value: string; set: (value: string) => void }) {
  const change = (event: { currentTarget: { value: string } }): void => set(event.currentTarget.value);
  const required = arg.initial === undefined;
  return (
    <label>
      {arg.name}{' '}
      {arg.choices ? (
        <select value={value} required={required} onChange={change}>
          {required && <option value="" />}
          {arg.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : arg.type === 'int' ? (
        <input type="number" value={value} min={arg.least} max={arg.most} step={1} required={required} onInput={change} />
      ) : (
        <input type="text" value={value} maxLength={arg.type === 'text' ? arg.most : 253} required={required} onInput={change} />
      )}
    </label>
  );
}

function CheckForm({ check, is_busy, run }: { check: Check; is_busy: boolean; run: (args?: Record<string, string>) => void }) {
  const [values, set_values] = useState<Record<string, string>>({});
  const value_of = (arg: Arg): string => values[arg.name] ?? arg.initial ?? '';
  if (check.args.length === 0) {
    return (
      <button type="button" disabled={is_busy} onClick={() => run()}>
        {titled(check)}
      </button>
    );
  }
  return (
    <form
      class="check"
      aria-label={titled(check)}
      onSubmit={(event) => {
        event.preventDefault();
        run(Object.fromEntries(check.args.map((arg) => [arg.name, value_of(arg)]).filter(([, value]) => value !== '')));
      }}
    >
      <b>{titled(check)}</b>
      {check.args.map((arg) => (
        <Argument key={arg.name} arg={arg} value={value_of(arg)} set={(value) => set_values((old) => ({ ...old, [arg.name]: value }))} />
      ))}
      <button type="submit" disabled={is_busy}>
        {t('diagnose.run')}
      </button>
    </form>
  );
}

function Copy({ text }: { text: string }) {
  const [is_copied, set_copied] = useState(false);
  return (
    <button type="button" class="plain small" onClick={() => void navigator.clipboard.writeText(text).then(() => set_copied(true))}>
      {t(is_copied ? 'diagnose.copied' : 'diagnose.copy')}
    </button>
  );
}

function RunResult({ run, title, cancel }: { run: Run; title: string; cancel: (() => void) | undefined }) {
  const { result } = run;
  const is_running = !result && run.error === undefined;
  return (
    <li>
      <p>
        <b>{title}</b>{' '}
        <span class="quiet small">
          {clock_time(run.started_ms)} {run.by}
        </span>{' '}
        {is_running && <span role="status">{t('diagnose.running')}</span>}{' '}
        {is_running && cancel && (
          <button type="button" onClick={cancel}>
            {t('diagnose.cancel')}
          </button>
        )}
        {result && (
          <span class={result.exit === 0 || result.cancelled ? 'quiet small' : 'bad-word'}>
            {t('diagnose.done', { exit: result.exit, seconds: (result.took_ms / 1_000).toFixed(1) })}
            {result.cancelled && ` · ${t('diagnose.cancelled')}`}
            {result.timed_out && ` · ${t('diagnose.timed_out')}`}
          </span>
        )}
      </p>
      {run.error !== undefined && <p class="note bad">{t('diagnose.failed', { text: run.error })}</p>}
      {run.output && <pre tabIndex={0}>{run.output}</pre>}
      {run.output && !is_running && <Copy text={run.output} />}
      {result && !run.output && <p class="quiet">{t('diagnose.no_output')}</p>}
      {result?.truncated && <p class="quiet small">{t('diagnose.truncated')}</p>}
    </li>
  );
}

function Bundle({ leg, device, is_open }: { leg: Leg; device: string; is_open: boolean }) {
  const [one, set_one] = useState<Transfer>();
  const make = async (): Promise<void> => {
    const name = `${device}-checks.tar.gz`;
    const sink = await save_as(name, false);
    if (!sink) return;
    const made = new Download(leg, '', name, sink, 'diagnose.bundle');
    set_one(made);
    await made.begin();
  };
  const state = one?.state.value;
  const is_making = one !== undefined && !one.is_over;
  return (
    <p>
      <button type="button" disabled={!is_open || is_making} onClick={() => void make()}>
        {t('diagnose.bundle')}
      </button>{' '}
      {is_making && <span role="status">{t('diagnose.bundle_making')}</span>}
      {state === 'done' && (
        <span class="small" role="status">
          {t('files.done')} <code class="sum">SHA-256 {one?.sum.value}</code>
        </span>
      )}
      {state === 'failed' && <span class="bad-word">{t_or(`files.end.${one?.problem.value ?? ''}`, one?.problem.value ?? '')}</span>}
    </p>
  );
}

export function DiagnosePane({ leg, device, may_act: may_run }: PanelProps) {
  const { diagnostics } = device;
  const runs = leg.runs.value;
  const [checks, set_checks] = useState<Check[]>(diagnostics.map((one) => ({ ...one, args: [], in_bundle: false })));
  const is_open = leg.state.value === 'open';
  const is_ready = is_open && leg.told.value !== undefined && may_run;
  useEffect(() => {
    if (!is_ready) return;
    leg.call('diagnose.list', {}).then(
      (answer) => set_checks(known((answer as { diagnostics: Check[] }).diagnostics, diagnostics)),
      () => undefined, // an older agent: the pack's list, without arguments
    );
  }, [is_ready]);
  const title_of = (name: string): string => {
    const found = checks.find((one) => one.name === name);
    return found ? titled(found) : name;
  };
  const is_running = (name: string): boolean => runs.some((run) => run.name === name && !run.result && run.error === undefined);
  const by = me.value?.user ?? '';
  return (
    <section class="card">
      <h2>{t('diagnose.title')}</h2>
      {checks.length === 0 && <p class="quiet">{t('diagnose.none')}</p>}
      {may_run && (
        <div class="buttons">
          {checks.map((one) => (
            <CheckForm key={one.name} check={one} is_busy={!is_open || is_running(one.name)} run={(args) => leg.run(one.name, by, args)} />
          ))}
        </div>
      )}
      {may_run && checks.some((one) => one.in_bundle) && <Bundle leg={leg} device={device.id} is_open={is_open} />}
      <ol class="runs">
        {runs.map((run) => (
          <RunResult key={run.id} run={run} title={title_of(run.name)} cancel={may_run ? () => leg.cancel_run(run.id) : undefined} />
        ))}
      </ol>
    </section>
  );
}
