// The product's parameters: what each is, may be and shall be; the difference before anything is sent; and the change that
// waits for its confirmation, with the time that is left. The product takes back what is not confirmed, whatever this page does.
import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { Configure, ParameterValue } from '../api/types';
import { now_ms } from '../time';
import { t, t_or, titled } from '../words/words';
import { broken_rules, check_text, rows_of, show_bounds, show_value, type ProductParameter, type Row } from './parameter';

type Params = Record<string, unknown>;
// As much of the leg as this panel uses.
export interface Caller {
  readonly state: ReadonlySignal<string>;
  call(method: string, params?: Params): Promise<unknown>;
  on(method: string, listen: (params: Params) => void): () => void;
}
interface List {
  parameters: ProductParameter[];
  rules: string[];
  confirm_s: { min: number; max: number };
  has_health: boolean;
  change?: Change;
}
type Values = Record<string, ParameterValue>;
interface Change {
  change: string;
  by?: string;
  before?: Values;
  after?: Values;
  confirm_by_ms: number;
}
interface Props {
  leg: Caller;
  may_act: boolean;
  device: { configure: Configure | null };
}

const CONFIRM_S = 120;
const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function Field({ row, draft, set, off }: { row: Row; draft: string; set: (text: string) => void; off: boolean }) {
  const label = t('configure.new_of', { title: titled(row) });
  if (row.choices || row.type === 'bool') {
    const choices = row.choices ?? ['true', 'false'];
    return (
      <select aria-label={label} value={draft} disabled={off} onChange={(event) => set(event.currentTarget.value)}>
        <option value="">{t('configure.as_it_is')}</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {row.type === 'bool' ? t(choice === 'true' ? 'configure.on' : 'configure.off') : choice}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      type="text"
      inputMode={row.type === 'int' || row.type === 'number' ? 'decimal' : 'text'}
      aria-label={label}
      placeholder={t('configure.as_it_is')}
      value={draft}
      disabled={off}
      size={10}
      onInput={(event) => set(event.currentTarget.value)}
    />
  );
}

function Parameters({ rows, drafts, set, off }: { rows: Row[]; drafts: Record<string, string>; set: (name: string, text: string) => void; off: boolean }) {
  return (
    <div class="table-box">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('configure.parameter')}</th>
            <th scope="col">{t('configure.now')}</th>
            <th scope="col">{t('configure.allowed')}</th>
            <th scope="col">{t('configure.new')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const draft = drafts[row.name] ?? '';
            const checked = draft === '' ? undefined : check_text(row, draft);
            return (
              <tr key={row.name}>
                <td>
                  {titled(row)} {row.writable && row.risk === 'high' && <span class="bad-word small">{t('configure.risk_high')}</span>}{' '}
                  {row.writable && row.restarts && <span class="quiet small">{t('configure.restarts')}</span>}
                </td>
                <td class="number">{row.fault ? <span class="bad-word">{t('configure.unread', { text: row.fault })}</span> : show_value(row, row.value)}</td>
                <td class="quiet">{show_bounds(row)}</td>
                <td>
                  {row.writable ? <Field row={row} draft={draft} set={(text) => set(row.name, text)} off={off || row.value === undefined} /> : <span class="quiet">{t('configure.read_only')}</span>}
                  {checked && 'wrong' in checked && (
                    <p class="bad-word small" role="alert">
                      {checked.wrong}
                    </p>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

// Counts down to the moment at which the product takes the change back.
function Waiting({ change, rows, health, act }: { change: Change; rows: Row[]; health: string; act: ((verb: 'confirm' | 'revert') => void) | undefined }) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => redraw((n) => n + 1), 500);
    return () => clearInterval(timer);
  }, []);
  const left_s = Math.max(0, Math.ceil((change.confirm_by_ms - now_ms()) / 1_000));
  return (
    <div class="note" role="status">
      <p>
        <b>{t('configure.waits')}</b> {t('configure.left', { seconds: left_s })}
      </p>
      {change.after && <Difference rows={rows} before={change.before ?? {}} after={change.after} />}
      {health && <p class="quiet">{health}</p>}
      {act && (
        <p class="buttons">
          <button type="button" class="primary" disabled={left_s === 0} onClick={() => act('confirm')}>
            {t('configure.confirm')}
          </button>
          <button type="button" class="danger" onClick={() => act('revert')}>
            {t('configure.revert')}
          </button>
        </p>
      )}
    </div>
  );
}

function Difference({ rows, before, after }: { rows: Row[]; before: Values; after: Values }) {
  return (
    <ul>
      {Object.entries(after).map(([name, value]) => {
        const row = rows.find((one) => one.name === name);
        return (
          <li key={name}>
            {row ? titled(row) : name}: <span class="number">{row ? show_value(row, before[name]) : String(before[name])}</span> →{' '}
            <b class="number">{row ? show_value(row, value) : String(value)}</b>
          </li>
        );
      })}
    </ul>
  );
}

export function ConfigurePane({ leg, may_act, device }: Props) {
  const [list, set_list] = useState<List>();
  const [drafts, set_drafts] = useState<Record<string, string>>({});
  const [change, set_change] = useState<Change>();
  const [health, set_health] = useState('');
  const [told, set_told] = useState<{ text: string; is_bad: boolean }>();
  const [is_busy, set_busy] = useState(false);
  const [seconds, set_seconds] = useState(CONFIRM_S);
  const is_open = leg.state.value === 'open';

  const load = async (): Promise<void> => {
    try {
      const answer = (await leg.call('configure.list', {})) as List;
      set_list(answer);
      set_change((had) => (answer.change ? { ...had, ...answer.change } : undefined));
    } catch (error) {
      set_told({ text: said(error), is_bad: true });
    }
  };
  useEffect(() => {
    if (is_open && may_act) void load();
  }, [is_open, may_act]);
  useEffect(() => {
    const stops = [
      leg.on('configure.reverted', (params) => {
        set_change(undefined);
        set_health('');
        set_told({ text: t('configure.reverted', { why: t_or(`configure.why.${String(params.why)}`, String(params.why)) }), is_bad: true });
        void load();
      }),
      leg.on('configure.health', (params) => set_health(t(params.is_good === true ? 'configure.well' : 'configure.unwell', { text: String(params.text) }))),
    ];
    return () => stops.forEach((stop) => stop());
  }, [leg]);

  const rows = rows_of(device.configure, list?.parameters ?? []);
  const wanted: Values = {};
  let is_wrong = false;
  for (const row of rows) {
    const draft = drafts[row.name] ?? '';
    const checked = draft === '' ? undefined : check_text(row, draft);
    if (checked && 'wrong' in checked) is_wrong = true;
    else if (checked && checked.value !== row.value) wanted[row.name] = checked.value;
  }
  const rules = [...new Set([...(device.configure?.depends ?? []), ...(list?.rules ?? [])])];
  const broken = broken_rules(rules, (name) => wanted[name] ?? rows.find((row) => row.name === name)?.value);
  const has_wanted = Object.keys(wanted).length > 0;
  const limits = { min: Math.max(device.configure?.confirm_s.min ?? 1, list?.confirm_s.min ?? 1), max: Math.min(device.configure?.confirm_s.max ?? 3600, list?.confirm_s.max ?? 3600) };
  const confirm_s = Math.min(Math.max(seconds, limits.min), limits.max);

  const apply = async (): Promise<void> => {
    set_busy(true);
    set_told(undefined);
    set_health('');
    try {
      set_change((await leg.call('configure.set', { values: wanted, confirm_s })) as Change);
      set_drafts({});
    } catch (error) {
      set_told({ text: t('configure.refused', { text: said(error) }), is_bad: true });
    }
    set_busy(false);
    await load();
  };
  const act = async (verb: 'confirm' | 'revert'): Promise<void> => {
    if (!change) return;
    set_busy(true);
    try {
      await leg.call(`configure.${verb}`, { change: change.change });
      set_told({ text: t(verb === 'confirm' ? 'configure.kept' : 'configure.taken_back'), is_bad: false });
    } catch (error) {
      set_told({ text: said(error), is_bad: true });
    }
    set_change(undefined);
    set_health('');
    set_busy(false);
    await load();
  };

  return (
    <section class="card configure">
      <h2>{t('configure.title')}</h2>
      {!may_act && <p class="quiet">{t('configure.only_engineer')}</p>}
      {told && (
        <p class={told.is_bad ? 'note bad' : 'note'} role={told.is_bad ? 'alert' : 'status'}>
          {told.text}
        </p>
      )}
      {change && <Waiting change={change} rows={rows} health={health} act={may_act && !is_busy ? (verb) => void act(verb) : undefined} />}
      {may_act && !list && <p role="status">{t('configure.reading')}</p>}
      {list && <Parameters rows={rows} drafts={drafts} set={(name, text) => set_drafts({ ...drafts, [name]: text })} off={!may_act || !is_open || is_busy || change !== undefined} />}
      {broken.map((rule) => (
        <p class="note bad" role="alert" key={rule}>
          {t('configure.rule', { rule })}
        </p>
      ))}
      {list && may_act && !change && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void apply();
          }}
        >
          {has_wanted && (
            <>
              <h3>{t('configure.difference')}</h3>
              <Difference rows={rows} before={Object.fromEntries(rows.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))} after={wanted} />
            </>
          )}
          {(device.configure?.health.length ?? 0) > 0 && has_wanted && <p class="quiet">{t('configure.watch', { rules: device.configure?.health.join(', ') ?? '' })}</p>}
          <p class="buttons">
            <label>
              {t('configure.within')}{' '}
              <input type="number" min={limits.min} max={limits.max} value={confirm_s} onChange={(event) => set_seconds(Number(event.currentTarget.value))} /> s
            </label>
            <button type="submit" class="primary" disabled={!has_wanted || is_wrong || broken.length > 0 || is_busy || !is_open}>
              {t('configure.apply')}
            </button>
          </p>
        </form>
      )}
    </section>
  );
}
