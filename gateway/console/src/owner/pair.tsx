// Enrols this phone on the product: a new key, whose public half the product takes because the link's secret vouches for it.
import { useState } from 'preact/hooks';
import { Refusal, enrol } from './gateway';
import { make_key } from './keys';
import { t, t_or } from './words';

export function refusal_text(error: unknown): string {
  const code = error instanceof Refusal ? error.code : 'other';
  return t_or(`error.${code}`, t('error.other', { code }));
}

interface Props { device: string; secret: Uint8Array<ArrayBuffer>; on_paired: () => void }

export function Pair({ device, secret, on_paired }: Props) {
  const [name, set_name] = useState('');
  const [is_busy, set_busy] = useState(false);
  const [problem, set_problem] = useState('');
  const submit = async (event: Event) => {
    event.preventDefault();
    set_busy(true);
    set_problem('');
    try {
      await enrol(await make_key(device, name.trim().replace(/\s+/g, ' ')), secret);
      on_paired();
    } catch (error) {
      set_problem(t('pair.cannot', { text: refusal_text(error) }));
      set_busy(false);
    }
  };
  return (
    <form class="card" onSubmit={(event) => void submit(event)}>
      <h2>{t('pair.title', { device })}</h2>
      <p>{t('pair.what')}</p>
      <label>
        {t('pair.name')}
        <input name="name" required maxLength={20} autocomplete="name" value={name} onInput={(event) => set_name(event.currentTarget.value)} />
      </label>
      {problem && <p role="alert" class="problem">{problem}</p>}
      <button class="big primary" disabled={is_busy || name.trim() === ''}>{is_busy ? t('pair.busy') : t('pair.do')}</button>
    </form>
  );
}
