// A question of the product: who, why, what, how long. Nothing is chosen beforehand. The answer names the hash of the very
// text that is shown here, so the product can tell whether the owner has read what it asked.
import { useEffect, useState } from 'preact/hooks';
import { say, type Question, type Words } from './gateway';
import type { PhoneKey } from './keys';
import { refusal_text } from './pair';
import { now_ms } from './product';
import { capability_list, sha256_hex } from './statement';
import { language, t, t_or } from './words';

interface Asked {
  session: string;
  device: string;
  ticket: number;
  subject: string;
  engineer: string;
  role: string;
  reason: string;
  capabilities: string[];
  words: Words;
  minutes: number;
}

function read_question(text: string, device: string): Asked | null {
  try {
    const asked = JSON.parse(text) as Asked;
    return asked.device === device && Array.isArray(asked.capabilities) ? asked : null;
  } catch {
    return null;
  }
}

function clock(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function useLeft(until_ms: number): number {
  const [left, set_left] = useState(until_ms - now_ms());
  useEffect(() => {
    const timer = setInterval(() => set_left(until_ms - now_ms()), 1000);
    return () => clearInterval(timer);
  }, [until_ms]);
  return left;
}

interface Props { owner: PhoneKey; question: Question; on_change: () => void }

export function Ask({ owner, question, on_change }: Props) {
  const asked = read_question(question.text, owner.device);
  return asked ? <Form owner={owner} asked={asked} question={question} on_change={on_change} /> : <p role="alert">{t('ask.strange')}</p>;
}

function Form({ owner, asked, question, on_change }: Props & { asked: Asked }) {
  const lengths = [...new Set([15, 30, 60, asked.minutes].filter((minutes) => minutes <= asked.minutes))].sort((a, b) => a - b);
  const [chosen, set_chosen] = useState<string[]>([]);
  const [minutes, set_minutes] = useState(lengths[0] ?? asked.minutes);
  const [is_busy, set_busy] = useState(false);
  const [problem, set_problem] = useState('');
  const left = useLeft(question.until_ms);
  const answer = async (is_yes: boolean) => {
    set_busy(true);
    set_problem('');
    try {
      await say(owner, 'consent', [
        ['session', asked.session],
        ['question', await sha256_hex(question.text)],
        ['answer', is_yes ? 'allow' : 'refuse'],
        ['capabilities', is_yes ? capability_list(chosen) : 'none'],
        ['minutes', is_yes ? minutes : 0],
      ]);
    } catch (error) {
      set_problem(refusal_text(error));
      set_busy(false);
    }
    on_change();
  };
  const toggle = (name: string) => set_chosen(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  const { engineer } = asked;
  return (
    <form class="card asked" onSubmit={(event) => { event.preventDefault(); void answer(true); }}>
      <div role="alert"><h2>{t('ask.title', { engineer })}</h2></div>
      <dl>
        <dt>{t('ask.who')}</dt>
        <dd>{engineer}{asked.role && `, ${t_or(`role.${asked.role}`, asked.role)}`}</dd>
        <dt>{t('ask.why')}</dt>
        <dd>{asked.reason}</dd>
        <dt>{t('ask.subject')}</dt>
        <dd>{asked.subject}{asked.ticket > 0 && ` (${asked.ticket})`}</dd>
      </dl>
      <fieldset disabled={is_busy}>
        <legend>{t('ask.what', { engineer })}</legend>
        {asked.capabilities.map((name) => (
          <label key={name} class="choice">
            <input type="checkbox" name={name} checked={chosen.includes(name)} onChange={() => toggle(name)} />
            <span><strong>{asked.words[name]?.[language.value].name ?? name}</strong> {asked.words[name]?.[language.value].does}</span>
          </label>
        ))}
      </fieldset>
      <fieldset disabled={is_busy} class="lengths">
        <legend>{t('ask.long')}</legend>
        {lengths.map((n) => (
          <label key={n} class="length">
            <input type="radio" name="minutes" checked={minutes === n} onChange={() => set_minutes(n)} />
            <span>{t('minutes', { n })}</span>
          </label>
        ))}
      </fieldset>
      {problem && <p role="alert" class="problem">{problem}</p>}
      <p class="quiet">{is_busy ? t('ask.sent') : chosen.length === 0 ? t('ask.nothing') : t('ask.mask')}</p>
      <div class="pair">
        <button type="button" class="big" disabled={is_busy} onClick={() => void answer(false)}>{t('ask.refuse')}</button>
        <button class="big primary" disabled={is_busy || chosen.length === 0}>{t('ask.allow')}</button>
      </div>
      <p class="quiet">{t('ask.left', { time: clock(left) })}</p>
    </form>
  );
}
