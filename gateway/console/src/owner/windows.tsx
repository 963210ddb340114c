// Times that the owner allows beforehand: the list, taking one back, and the form for a new one. Each is a signed statement
// that the product keeps and checks; the list shown here is the product's own.
import { useState } from 'preact/hooks';
import { say, type OwnerState } from './gateway';
import type { PhoneKey } from './keys';
import { refusal_text } from './pair';
import { now_ms } from './product';
import { DAYS, capability_list, read_lines, type Lines } from './statement';
import { language, t } from './words';

interface Props { owner: PhoneKey; state: OwnerState; on_change: () => void }

function days_text(text: string): string {
  return text.split(',').map((day) => (DAYS as readonly string[]).includes(day) ? t(`day.${day as (typeof DAYS)[number]}`) : day).join(' ');
}

function capability_text(state: OwnerState, list: string): string {
  return list.split(',').map((name) => state.words?.[name]?.[language.value].name ?? name).join(', ');
}

export function Windows({ owner, state, on_change }: Props) {
  const [is_adding, set_adding] = useState(false);
  const [problem, set_problem] = useState('');
  const [is_busy, set_busy] = useState(false);
  const send = async (kind: string, lines: Lines): Promise<boolean> => {
    set_busy(true);
    set_problem('');
    try {
      await say(owner, kind, [['nonce', state.nonce ?? ''], ...lines]);
      return true;
    } catch (error) {
      set_problem(refusal_text(error));
      return false;
    } finally {
      set_busy(false);
      on_change();
    }
  };
  const windows = state.windows ?? [];
  const add = (lines: Lines) => send('window', lines).then((is_done) => set_adding(!is_done));
  return (
    <section>
      <h2>{t('windows.title')}</h2>
      <p class="quiet">{t('windows.what')}</p>
      {problem && <p role="alert" class="problem">{problem}</p>}
      <ul class="rows">
        {windows.map(({ window, by, statement }) => {
          const says = read_lines(statement);
          return (
            <li key={window} class="window">
              <span>
                <strong>{days_text(says['days'] ?? '')} {says['hours']}</strong>
                <br />
                {capability_text(state, says['capabilities'] ?? '')}; {says['engineer'] === '*' ? t('windows.anyone') : says['engineer']};{' '}
                {t('minutes', { n: says['minutes'] ?? '' })}
                <br />
                <span class="quiet">{t('windows.by', { by, date: new Date(Number(says['ends'])).toLocaleDateString(language.value) })}</span>
              </span>
              <button type="button" disabled={is_busy} onClick={() => void send('window_end', [['window', window]])}>{t('windows.revoke')}</button>
            </li>
          );
        })}
      </ul>
      {windows.length === 0 && <p>{t(state.windows_count ? 'windows.none' : 'windows.off')}</p>}
      {state.windows_count && !is_adding && (
        <button type="button" class="big" onClick={() => set_adding(true)}>{t('windows.add')}</button>
      )}
      {is_adding && <NewWindow state={state} is_busy={is_busy} on_cancel={() => set_adding(false)} on_add={(lines) => void add(lines)} />}
    </section>
  );
}

interface NewProps { state: OwnerState; is_busy: boolean; on_cancel: () => void; on_add: (lines: Lines) => void }

function NewWindow({ state, is_busy, on_cancel, on_add }: NewProps) {
  const [chosen, set_chosen] = useState<string[]>([]);
  const [days, set_days] = useState<string[]>([]);
  const lengths = [15, 30, 60].filter((n) => n <= (state.max_minutes ?? 60));
  const flip = (list: string[], one: string) => list.includes(one) ? list.filter((other) => other !== one) : [...list, one];
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const zone = -new Date().getTimezoneOffset();
    const begins = Math.round(now_ms());
    on_add([
      ['window', crypto.randomUUID()],
      ['capabilities', capability_list(chosen)],
      ['engineer', String(form.get('engineer') ?? '').trim() || '*'],
      ['days', DAYS.filter((day) => days.includes(day)).join(',')],
      ['hours', `${form.get('from')}-${form.get('to')}`],
      ['zone', `${zone < 0 ? '-' : '+'}${Math.abs(zone)}`],
      ['begins', begins],
      ['ends', begins + Number(form.get('valid')) * 86_400_000 - 60_000],
      ['minutes', String(form.get('minutes'))],
    ]);
  };
  return (
    <form class="card" onSubmit={submit}>
      <fieldset disabled={is_busy}>
        <legend>{t('windows.days')}</legend>
        <div class="days">
          {DAYS.map((day) => (
            <label key={day} class="length">
              <input type="checkbox" name={day} checked={days.includes(day)} onChange={() => set_days(flip(days, day))} />
              <span>{t(`day.${day}`)}</span>
            </label>
          ))}
        </div>
        <div class="pair">
          <label>{t('windows.from')}<input type="time" name="from" required defaultValue="08:00" /></label>
          <label>{t('windows.to')}<input type="time" name="to" required defaultValue="18:00" /></label>
        </div>
      </fieldset>
      <fieldset disabled={is_busy}>
        <legend>{t('windows.may')}</legend>
        {(state.capabilities ?? []).map((name) => (
          <label key={name} class="choice">
            <input type="checkbox" name={name} checked={chosen.includes(name)} onChange={() => set_chosen(flip(chosen, name))} />
            <span><strong>{state.words?.[name]?.[language.value].name ?? name}</strong> {state.words?.[name]?.[language.value].does}</span>
          </label>
        ))}
      </fieldset>
      <label>{t('windows.engineer')}<input name="engineer" maxLength={63} autocomplete="off" /></label>
      <div class="pair">
        <label>
          {t('windows.each')}
          <select name="minutes">{lengths.map((n) => <option key={n} value={n}>{t('minutes', { n })}</option>)}</select>
        </label>
        <label>
          {t('windows.until')}
          <select name="valid">{[7, 30, 90].map((n) => <option key={n} value={n}>{t('windows.n_days', { n })}</option>)}</select>
        </label>
      </div>
      <div class="pair">
        <button type="button" class="big" onClick={on_cancel}>{t('cancel')}</button>
        <button class="big primary" disabled={is_busy || chosen.length === 0 || days.length === 0}>{t('windows.save')}</button>
      </div>
    </form>
  );
}
