// Who is trusted with what: given and taken back by supervisors, seen by everybody who works here.
import { useState } from 'preact/hooks';
import { get, post } from '../api/client';
import { my_role_is } from '../api/me';
import { as_problem, Problem } from '../api/problem';
import { useResource } from '../api/resource';
import type { Notice, Page, Person, Qualification, RulePack } from '../api/types';
import { AccessTabs } from '../session/access_tabs';
import { CapabilityBoxes, end_of_day } from '../session/capability_boxes';
import { Dialog } from '../ui/dialog';
import { DialogForm } from '../ui/dialog_form';
import { Loaded } from '../ui/loaded';
import { ProblemNote } from '../ui/problem_note';
import { Table, type Column } from '../ui/table';
import { Time } from '../ui/time';
import { t, t_or } from '../words/words';

const concerns = (n: Notice): boolean => n.kind === 'qualification';

interface Choices {
  people: Person[];
  models: Pick<RulePack, 'model' | 'title'>[];
}

function GiveForm({ choices, close, changed }: { choices: Choices; close: () => void; changed: () => void }) {
  const send = async (form: FormData): Promise<void> => {
    const capabilities = form.getAll('capability');
    const emergency = form.get('emergency') !== null;
    if (capabilities.length === 0 && !emergency) throw new Problem(400, 'bad_input', t('people.choose'));
    await post('/qualifications', {
      user: form.get('user'),
      model: form.get('model'),
      capabilities,
      emergency,
      until_ms: end_of_day(String(form.get('until'))),
    });
    changed();
    close();
  };
  return (
    <DialogForm submit={t('people.submit')} send={send} close={close}>
      <label>
        {t('people.who')}
        <select name="user">
          {choices.people
            .filter((one) => !one.disabled)
            .map((one) => (
              <option key={one.user} value={one.user}>
                {one.name}
              </option>
            ))}
        </select>
      </label>
      <label>
        {t('people.model')}
        <select name="model">
          <option value="*">{t('people.every_model')}</option>
          {choices.models.map((one) => (
            <option key={one.model} value={one.model}>
              {one.title}
            </option>
          ))}
        </select>
      </label>
      <CapabilityBoxes />
      <label class="check">
        <input type="checkbox" name="emergency" />
        <span>{t('people.emergency')}</span>
      </label>
      <label>
        {t('people.until')}
        <input type="date" name="until" required />
      </label>
    </DialogForm>
  );
}

function Give({ close, changed }: { close: () => void; changed: () => void }) {
  const choices = useResource('qualify', async (abort) => ({
    people: (await get<Page<Person, never>>('/people', abort)).items,
    models: (await get<Page<RulePack, never>>('/models', abort)).items,
  }));
  return (
    <Dialog title={t('people.give')} close={close}>
      <Loaded from={choices}>{(data) => <GiveForm choices={data} close={close} changed={changed} />}</Loaded>
    </Dialog>
  );
}

function standing(q: Qualification): string {
  if (q.revoked_by) return t('people.revoked', { who: q.revoked_by });
  return t(q.valid ? 'people.valid' : 'people.not_valid');
}

export function People() {
  const [problem, set_problem] = useState<Problem>();
  const [is_giving, set_giving] = useState(false);
  const list = useResource('qualifications', (abort) => get<Page<Qualification, never>>('/qualifications', abort), { concerns });
  const revoke = async (q: Qualification): Promise<void> => {
    set_problem(undefined);
    try {
      await post(`/qualifications/${q.id}/revoke`);
    } catch (error) {
      set_problem(as_problem(error));
    }
    list.reload();
  };
  const columns: Column<Qualification>[] = [
    { head: t('people.who'), is_main: true, cell: (q) => q.user },
    { head: t('people.model'), cell: (q) => (q.model === '*' ? t('people.every_model') : q.model) },
    {
      head: t('people.for'),
      cell: (q) =>
        [...q.capabilities.map((c) => t_or(`capability.${c}`, c)), ...(q.emergency ? [t('people.emergency')] : [])].join(', '),
    },
    { head: t('people.until'), cell: (q) => <Time at={q.until_ms} /> },
    { head: t('people.given_by'), is_wide_only: true, cell: (q) => q.given_by },
    { head: t('alarm.state'), cell: (q) => <span class={q.valid ? 'good-word' : 'quiet'}>{standing(q)}</span> },
  ];
  if (my_role_is('supervisor'))
    columns.push({
      head: t('alarm.actions'),
      cell: (q) =>
        !q.revoked_by && (
          <button type="button" class="small" aria-label={`${t('people.revoke')}: ${q.user} ${q.model}`} onClick={() => void revoke(q)}>
            {t('people.revoke')}
          </button>
        ),
    });
  return (
    <>
      <AccessTabs />
      <h1>{t('people.title')}</h1>
      <p class="quiet">{t('people.explain')}</p>
      {problem && <ProblemNote problem={problem} />}
      {my_role_is('supervisor') && (
        <p>
          <button type="button" class="primary" onClick={() => set_giving(true)}>
            {t('people.give')}
          </button>
        </p>
      )}
      {is_giving && <Give close={() => set_giving(false)} changed={list.reload} />}
      <Loaded from={list}>
        {(data) =>
          data.items.length === 0 ? (
            <p class="note">{t('people.none')}</p>
          ) : (
            <Table
              label={t('people.title')}
              columns={columns}
              rows={data.items}
              row_key={(q) => q.id}
              row_class={(q) => (q.valid ? undefined : 'past')}
            />
          )
        }
      </Loaded>
    </>
  );
}
