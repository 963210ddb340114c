// The rules in use: which versions ran when, what the rules folder would do in their place, and what each pack says, with its
// author's reasons. Administrators exchange them here; engineers read and try.
import { useState } from 'preact/hooks';
import { get, post, with_query } from '../api/client';
import { my_role_is } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import { useResource } from '../api/resource';
import type { Activation, Page, RuleFile, RulePack, RuleTrial } from '../api/types';
import { Loaded } from '../ui/loaded';
import { ProblemNote } from '../ui/problem_note';
import { SeverityMark } from '../ui/severity';
import { Table, type Column } from '../ui/table';
import { Time } from '../ui/time';
import { duration } from '../time';
import { t, titled } from '../words/words';

export function Rules() {
  const versions = useResource('/rules/versions', (abort) => get<Page<Activation, never>>('/rules/versions', abort), { every_ms: 5000 });
  const running = versions.data?.items.find((one) => one.applied_ms !== null);
  const [problem, set_problem] = useState<Problem>();
  const [is_busy, set_busy] = useState(false);
  const act = async (work: () => Promise<unknown>): Promise<void> => {
    set_busy(true);
    set_problem(undefined);
    try {
      await work();
      versions.reload();
    } catch (error) {
      set_problem(as_problem(error));
    }
    set_busy(false);
  };
  return (
    <>
      <h1>{t('rules.title')}</h1>
      <p class="quiet">{t('rules.explain')}</p>
      {problem && <ProblemNote problem={problem} />}
      {my_role_is('engineer', 'administrator') && <Folder is_busy={is_busy} act={act} />}
      <h2>{t('rules.versions')}</h2>
      <Loaded from={versions}>{(data) => <Versions items={data.items} running={running} is_busy={is_busy} act={act} />}</Loaded>
      {running && <Packs key={running.id} version={running.version} />}
    </>
  );
}

type Act = (work: () => Promise<unknown>) => Promise<void>;

function Folder({ is_busy, act }: { is_busy: boolean; act: Act }) {
  const [trial, set_trial] = useState<RuleTrial>();
  return (
    <section>
      <div class="row">
        <button type="button" disabled={is_busy} onClick={() => void act(async () => set_trial(await get<RuleTrial>('/rules/trial')))}>
          {is_busy ? t('rules.busy') : t('rules.try')}
        </button>
        {my_role_is('administrator') && (
          <button type="button" disabled={is_busy} onClick={() => void act(() => post('/rules/reload').then(() => set_trial(undefined)))}>
            {t('rules.reload')}
          </button>
        )}
      </div>
      {trial && <Trial trial={trial} />}
    </section>
  );
}

function Trial({ trial }: { trial: RuleTrial }) {
  if (!trial.sound)
    return (
      <div class="note bad" role="alert">
        <p>{t('rules.unsound')}</p>
        <pre>{trial.problems}</pre>
      </div>
    );
  if (!trial.changed) return <p class="note good">{t('rules.unchanged')}</p>;
  return (
    <div class="note" role="status">
      <p>{t('rules.tried', { appear: trial.appear ?? 0, vanish: trial.vanish ?? 0, stay: trial.stay ?? 0, devices: trial.devices ?? 0 })}</p>
      <pre>{trial.report}</pre>
    </div>
  );
}

interface VersionsProps {
  items: Activation[];
  running: Activation | undefined;
  is_busy: boolean;
  act: Act;
}

function Versions({ items, running, is_busy, act }: VersionsProps) {
  const columns: Column<Activation>[] = [
    { head: t('rules.version'), is_number: true, cell: (a) => a.version },
    { head: t('audit.at'), cell: (a) => <Time at={a.at_ms} is_exact /> },
    { head: t('rules.how'), cell: (a) => t(`how.${a.how}`) },
    { head: t('audit.who'), cell: (a) => a.who },
    { head: t('rules.outcome'), is_main: true, cell: (a) => (a === running ? `${t('rules.in_use')}. ${a.outcome}` : a.outcome) },
  ];
  if (my_role_is('administrator'))
    columns.push({
      head: t('rules.revert'),
      cell: (a) =>
        a.kept && a.applied_ms !== null && a.version !== running?.version ? (
          <button type="button" disabled={is_busy} onClick={() => void act(() => post('/rules/revert', { version: a.version }))}>
            {t('rules.revert_to', { version: a.version })}
          </button>
        ) : (
          <span class="quiet">–</span>
        ),
    });
  return <Table label={t('rules.versions')} columns={columns} rows={items} row_key={(a) => a.id} />;
}

function Packs({ version }: { version: number }) {
  const packs = useResource(`/rules#${version}`, (abort) => get<Page<RulePack, never>>('/rules', abort));
  return (
    <Loaded from={packs}>
      {(data) => (
        <>
          {data.items.map((pack) => (
            <Pack key={pack.model} pack={pack} version={version} />
          ))}
        </>
      )}
    </Loaded>
  );
}

function Pack({ pack, version }: { pack: RulePack; version: number }) {
  const [is_open, set_open] = useState(false);
  const columns: Column<RulePack['rules'][number]>[] = [
    { head: t('rules.alert'), cell: (rule) => rule.alert },
    { head: t('severity.label'), cell: (rule) => <SeverityMark severity={rule.severity} /> },
    { head: t('rules.expr'), is_main: true, cell: (rule) => <code>{rule.expr.trim()}</code> },
    { head: t('rules.for'), cell: (rule) => (rule.for_ms > 0 ? duration(rule.for_ms) : '–') },
  ];
  return (
    <section>
      <h2>{titled(pack)}</h2>
      <Table label={pack.model} columns={columns} rows={pack.rules} row_key={(rule) => `${rule.alert} ${rule.severity}`} />
      <details onToggle={(event) => set_open((event.currentTarget as HTMLDetailsElement).open)}>
        <summary>{t('rules.source')}</summary>
        {is_open && <Source model={pack.model} version={version} />}
      </details>
    </section>
  );
}

function Source({ model, version }: { model: string; version: number }) {
  const path = with_query('/rules/files', { version, model });
  const files = useResource(path, (abort) => get<Page<RuleFile, never>>(path, abort));
  return <Loaded from={files}>{(data) => <pre tabIndex={0}>{data.items.find((file) => file.path === `${model}/alerts.yaml`)?.text ?? ''}</pre>}</Loaded>;
}
