// The kill switch: one glance says whether remote sessions are possible; one form stops them; lifting is a deed of its own.
import { useState } from 'preact/hooks';
import { load_access_now } from '../api/access';
import { get, post, with_query } from '../api/client';
import { my_role_is } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import { useResource } from '../api/resource';
import type { Kill, Notice, Page } from '../api/types';
import { AccessTabs } from '../session/access_tabs';
import { Dialog } from '../ui/dialog';
import { DialogForm } from '../ui/dialog_form';
import { kill_text } from '../ui/kill_banner';
import { Loaded } from '../ui/loaded';
import { ProblemNote } from '../ui/problem_note';
import { Table } from '../ui/table';
import { Time } from '../ui/time';
import { t } from '../words/words';

const concerns = (n: Notice): boolean => n.kind === 'kill';
const SCOPES = ['all', 'device', 'user'] as const;

function Throw({ close, changed }: { close: () => void; changed: () => void }) {
  const [scope, set_scope] = useState('all');
  const send = async (form: FormData): Promise<void> => {
    await post('/kill', {
      scope,
      reason: String(form.get('reason')).trim(),
      ...(scope === 'all' ? {} : { target: String(form.get('target')).trim() }),
    });
    changed();
    close();
  };
  return (
    <Dialog title={t('kill.throw')} close={close}>
      <DialogForm submit={t('kill.submit')} send={send} close={close}>
        <p>{t('kill.explain')}</p>
        <label>
          {t('kill.scope')}
          <select name="scope" value={scope} onChange={(event) => set_scope(event.currentTarget.value)}>
            {SCOPES.map((one) => (
              <option key={one} value={one}>
                {t(`kscope.${one}`)}
              </option>
            ))}
          </select>
        </label>
        {scope !== 'all' && (
          <label>
            {t('kill.target')}
            <input name="target" required maxLength={63} />
          </label>
        )}
        <label>
          {t('kill.reason')}
          <textarea name="reason" rows={2} required maxLength={500} />
        </label>
      </DialogForm>
    </Dialog>
  );
}

export function KillPage() {
  const [problem, set_problem] = useState<Problem>();
  const [is_throwing, set_throwing] = useState(false);
  const may = my_role_is('supervisor', 'administrator');
  const on = useResource('kill', (abort) => get<Page<Kill, never>>('/kill', abort), { concerns, every_ms: 15_000 });
  const past_path = with_query('/kill', { past: true, limit: 50 });
  const past = useResource(past_path, (abort) => get<Page<Kill, never>>(past_path, abort), { concerns });
  const changed = (): void => {
    load_access_now();
    [on, past].forEach((one) => one.reload());
  };
  const lift = async (kill: Kill): Promise<void> => {
    set_problem(undefined);
    try {
      await post(`/kill/${kill.id}/lift`);
    } catch (error) {
      set_problem(as_problem(error));
    }
    changed();
  };
  return (
    <>
      <AccessTabs />
      <h1>{t('kill.title')}</h1>
      {problem && <ProblemNote problem={problem} />}
      <Loaded from={on}>
        {(data) =>
          data.items.length === 0 ? (
            <p class="note good kill-state">{t('kill.off')}</p>
          ) : (
            <>
              {data.items.map((kill) => (
                <div class="note bad kill-state" key={kill.id}>
                  <p>
                    <strong>{kill_text(kill)}</strong>
                  </p>
                  <p>
                    {t('kill.by', { who: kill.by, reason: kill.reason })} · <Time at={kill.at_ms} />
                  </p>
                  {may && (
                    <button type="button" aria-label={`${t('kill.lift')}: ${kill_text(kill)}`} onClick={() => void lift(kill)}>
                      {t('kill.lift')}
                    </button>
                  )}
                </div>
              ))}
            </>
          )
        }
      </Loaded>
      {may && (
        <p>
          <button type="button" class="primary danger" onClick={() => set_throwing(true)}>
            {t('kill.throw')}
          </button>
        </p>
      )}
      {is_throwing && <Throw close={() => set_throwing(false)} changed={changed} />}
      <Loaded from={past}>
        {(data) =>
          data.items.length === 0 ? null : (
            <section>
              <h2>{t('kill.past')}</h2>
              <Table
                label={t('kill.past')}
                columns={[
                  { head: t('kill.scope'), is_main: true, cell: (k: Kill) => `${t(`kscope.${k.scope}`)} ${k.target}` },
                  { head: t('shelf.reason'), cell: (k: Kill) => t('kill.by', { who: k.by, reason: k.reason }) },
                  { head: t('kill.since'), cell: (k: Kill) => <Time at={k.at_ms} /> },
                  { head: t('kill.lifted_by'), cell: (k: Kill) => k.lifted_by },
                ]}
                rows={data.items}
                row_key={(k) => k.id}
                row_class={() => 'past'}
              />
            </section>
          )
        }
      </Loaded>
    </>
  );
}
