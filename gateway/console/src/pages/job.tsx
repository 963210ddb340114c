// One job: how far it is, and what became of each product.
import { useState } from 'preact/hooks';
import { get, post } from '../api/client';
import { my_role_is } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import { useResource } from '../api/resource';
import type { JobDetail, JobStep, ParameterValue } from '../api/types';
import type { PageProps } from '../routes';
import { Loaded } from '../ui/loaded';
import { ProblemNote } from '../ui/problem_note';
import { Time } from '../ui/time';
import { t, t_or } from '../words/words';
import { progress_of } from './jobs';

const ACTIONS: Record<JobDetail['state'], ('pause' | 'resume' | 'cancel')[]> = {
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  stopped: ['resume', 'cancel'],
  cancelled: [],
  done: [],
};
const show = (values: Record<string, ParameterValue>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ');

function Step({ step }: { step: JobStep }) {
  const names = Object.keys(step.after ?? {});
  return (
    <tr>
      <th scope="row">
        <a href={`/devices/${encodeURIComponent(step.device)}`}>{step.device}</a>
      </th>
      <td class={step.state === 'failed' ? 'bad-word' : step.state === 'waiting' ? 'quiet' : ''}>{t_or(`jstep.${step.state}`, step.state)}</td>
      <td>{names.map((name) => `${name}: ${String(step.before?.[name])} → ${String(step.after?.[name])}`).join(', ') || <span class="quiet">–</span>}</td>
      <td>{step.state === 'running' ? '' : step.text}</td>
      <td>
        {step.session && <a href={`/sessions/${step.session}`}>{t('job.session')}</a>} {step.ticket !== null && <a href={`/tickets/${step.ticket}`}>#{step.ticket}</a>}
      </td>
      <td>{step.ended_ms > 0 && <Time at={step.ended_ms} />}</td>
    </tr>
  );
}

export function JobPage({ id }: PageProps) {
  const [problem, set_problem] = useState<Problem>();
  const path = `/jobs/${encodeURIComponent(id)}`;
  const job = useResource(path, (abort) => get<JobDetail>(path, abort), { concerns: (notice) => notice.kind === 'job' && notice.id === id, every_ms: 5_000 });
  const act = (action: string): void => {
    set_problem(undefined);
    post(`${path}/actions`, { action }).then(job.reload, (error: unknown) => set_problem(as_problem(error)));
  };
  return (
    <Loaded from={job}>
      {(data) => (
        <>
          <h1>{t('job.one', { id: data.id })}</h1>
          <p>
            <b class={data.state === 'stopped' ? 'bad-word' : ''} role="status">
              {t_or(`jstate.${data.state}`, data.state)}
            </b>{' '}
            · <span class="number">{progress_of(data)}</span> · {data.by} · <Time at={data.created_ms} />
          </p>
          <p>
            {data.model}: <b>{show(data.values)}</b>
          </p>
          <p class="quiet">{data.reason}</p>
          {problem && <ProblemNote problem={problem} />}
          {my_role_is('engineer', 'supervisor') && ACTIONS[data.state].length > 0 && (
            <p class="buttons">
              {ACTIONS[data.state].map((action) => (
                <button type="button" key={action} class={action === 'cancel' ? 'danger' : ''} onClick={() => act(action)}>
                  {t(`job.${action}`)}
                </button>
              ))}
            </p>
          )}
          <div class="table-box">
            <table>
              <thead>
                <tr>
                  <th scope="col">{t('job.device')}</th>
                  <th scope="col">{t('job.state')}</th>
                  <th scope="col">{t('job.change')}</th>
                  <th scope="col">{t('job.result')}</th>
                  <th scope="col">{t('job.session')}</th>
                  <th scope="col" />
                </tr>
              </thead>
              <tbody>
                {data.devices.map((step) => (
                  <Step key={step.device} step={step} />
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </Loaded>
  );
}
