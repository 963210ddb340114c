// Jobs: the list, and the form that begins one.
import { useState } from 'preact/hooks';
import { get, post } from '../api/client';
import { my_role_is } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import { useResource } from '../api/resource';
import type { Configure, Job, ParameterValue } from '../api/types';
import { go } from '../router';
import { broken_rules, check_text, rows_of, show_bounds, type Row } from '../session/parameter';
import { Loaded } from '../ui/loaded';
import { ProblemNote } from '../ui/problem_note';
import { Time } from '../ui/time';
import { t, t_or, titled } from '../words/words';

interface Model {
  model: string;
  title: string;
  title_zh: string;
  configure?: Configure;
}

function Values({ rows, drafts, set }: { rows: Row[]; drafts: Record<string, string>; set: (name: string, text: string) => void }) {
  return (
    <table>
      <tbody>
        {rows.map((row) => {
          const draft = drafts[row.name] ?? '';
          const checked = draft === '' ? undefined : check_text(row, draft);
          const choices = row.choices ?? (row.type === 'bool' ? ['true', 'false'] : undefined);
          return (
            <tr key={row.name}>
              <td>
                <label for={`value-${row.name}`}>{titled(row)}</label>
              </td>
              <td>
                {choices ? (
                  <select id={`value-${row.name}`} value={draft} onChange={(event) => set(row.name, event.currentTarget.value)}>
                    <option value="">{t('configure.as_it_is')}</option>
                    {choices.map((choice) => (
                      <option key={choice} value={choice}>
                        {row.type === 'bool' ? t(choice === 'true' ? 'configure.on' : 'configure.off') : choice}
                      </option>
                    ))}
                  </select>
                ) : (
                  <input
                    id={`value-${row.name}`}
                    type="text"
                    size={10}
                    placeholder={t('configure.as_it_is')}
                    value={draft}
                    onInput={(event) => set(row.name, event.currentTarget.value)}
                  />
                )}
                {checked && 'wrong' in checked && (
                  <p class="bad-word small" role="alert">
                    {checked.wrong}
                  </p>
                )}
              </td>
              <td class="quiet">{show_bounds(row)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function NewJob({ models, began }: { models: Model[]; began: (id: number) => void }) {
  const [model, set_model] = useState(models[0]?.model ?? '');
  const [drafts, set_drafts] = useState<Record<string, string>>({});
  const [devices, set_devices] = useState('');
  const [reason, set_reason] = useState('');
  const [settle_s, set_settle] = useState(30);
  const [stop_after, set_stop] = useState(1);
  const [problem, set_problem] = useState<Problem>();
  const pack = models.find((one) => one.model === model)?.configure ?? null;
  const rows = rows_of(pack, pack?.parameters ?? []).filter((row) => row.writable);
  const values: Record<string, ParameterValue> = {};
  let is_wrong = false;
  for (const row of rows) {
    const draft = drafts[row.name] ?? '';
    const checked = draft === '' ? undefined : check_text(row, draft);
    if (checked && 'wrong' in checked) is_wrong = true;
    else if (checked) values[row.name] = checked.value;
  }
  const broken = broken_rules(pack?.depends ?? [], (name) => values[name]);
  const ids = devices.split(/[\s,]+/).filter((id) => id !== '');
  const begin = async (): Promise<void> => {
    try {
      const job = await post<{ id: number }>('/jobs', { model, devices: ids, values, reason, settle_s, stop_after });
      began(job.id);
    } catch (error) {
      set_problem(as_problem(error));
    }
  };
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        void begin();
      }}
    >
      <h2>{t('job.new')}</h2>
      <p class="quiet">{t('job.explain')}</p>
      {problem && <ProblemNote problem={problem} />}
      <p>
        <label>
          {t('job.model')}{' '}
          <select
            value={model}
            onChange={(event) => {
              set_model(event.currentTarget.value);
              set_drafts({});
            }}
          >
            {models.map((one) => (
              <option key={one.model} value={one.model}>
                {titled(one)}
              </option>
            ))}
          </select>
        </label>
      </p>
      <h3>{t('job.values')}</h3>
      <Values rows={rows} drafts={drafts} set={(name, text) => set_drafts({ ...drafts, [name]: text })} />
      {broken.map((rule) => (
        <p class="note bad" role="alert" key={rule}>
          {t('configure.rule', { rule })}
        </p>
      ))}
      <p>
        <label>
          {t('job.devices')} <span class="quiet small">{t('job.devices_hint')}</span>
          <br />
          <textarea rows={4} cols={30} value={devices} onInput={(event) => set_devices(event.currentTarget.value)} />
        </label>
      </p>
      <p>
        <label>
          {t('job.reason')} <input type="text" size={40} maxLength={200} value={reason} onInput={(event) => set_reason(event.currentTarget.value)} />
        </label>
      </p>
      <p class="buttons">
        <label>
          {t('job.settle')} <input type="number" min={0} max={1800} value={settle_s} onChange={(event) => set_settle(Number(event.currentTarget.value))} />
        </label>
        <label>
          {t('job.stop_after')} <input type="number" min={1} max={500} value={stop_after} onChange={(event) => set_stop(Number(event.currentTarget.value))} />
        </label>
        <button
          type="submit"
          class="primary"
          disabled={is_wrong || broken.length > 0 || ids.length === 0 || reason.trim() === '' || Object.keys(values).length === 0}
        >
          {t('job.start')}
        </button>
      </p>
    </form>
  );
}

export function progress_of(job: Job): string {
  const total = Object.values(job.steps).reduce((sum, n) => sum + n, 0);
  return `${total - job.steps.waiting - job.steps.running} / ${total}`;
}

export function Jobs() {
  const jobs = useResource('/jobs', (abort) => get<{ items: Job[] }>('/jobs', abort), { concerns: (notice) => notice.kind === 'job', every_ms: 10_000 });
  const models = useResource('/models', (abort) => get<{ items: Model[] }>('/models', abort));
  const may_start = my_role_is('engineer', 'supervisor');
  const tunable = models.data?.items.filter((one) => one.configure) ?? [];
  return (
    <>
      <h1>{t('job.title')}</h1>
      <Loaded from={jobs}>
        {({ items }) =>
          items.length === 0 ? (
            <p class="quiet">{t('job.empty')}</p>
          ) : (
            <div class="table-box">
              <table>
                <thead>
                  <tr>
                    <th scope="col">#</th>
                    <th scope="col">{t('job.state')}</th>
                    <th scope="col">{t('job.model')}</th>
                    <th scope="col">{t('job.reason')}</th>
                    <th scope="col">{t('job.progress')}</th>
                    <th scope="col">{t('job.by')}</th>
                    <th scope="col">{t('job.started')}</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((job) => (
                    <tr key={job.id}>
                      <td>
                        <a href={`/jobs/${job.id}`}>{job.id}</a>
                      </td>
                      <td class={job.state === 'stopped' ? 'bad-word' : ''}>{t_or(`jstate.${job.state}`, job.state)}</td>
                      <td>{job.model}</td>
                      <td>{job.reason}</td>
                      <td class="number">{progress_of(job)}</td>
                      <td>{job.by}</td>
                      <td>
                        <Time at={job.created_ms} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
      {may_start && <Loaded from={models}>{() => (tunable.length > 0 ? <NewJob models={tunable} began={(id) => go(`/jobs/${id}`)} /> : <p class="quiet">{t('job.no_models')}</p>)}</Loaded>}
    </>
  );
}
