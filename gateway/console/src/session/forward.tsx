// The product's ports. A page of the console cannot listen on the engineer's machine, so what it has is the command that can.
import { useEffect, useState } from 'preact/hooks';
import { me } from '../api/me';
import { t } from '../words/words';
import type { ScreenLeg } from './screen';

interface Port {
  name: string;
  kind: string;
}

function ports_of(answer: unknown): Port[] {
  const list = (answer as { ports?: unknown }).ports;
  if (!Array.isArray(list)) return [];
  return list.map((one: Partial<Port>) => ({ name: String(one.name ?? ''), kind: String(one.kind ?? '') }));
}

export function ForwardPane({ leg, may_act, session }: { leg: Pick<ScreenLeg, 'call' | 'state'>; may_act: boolean; session: { id: string } }) {
  const [ports, set_ports] = useState<Port[]>();
  const [why, set_why] = useState('');
  const is_connected = leg.state.value === 'open';
  useEffect(() => {
    if (!may_act || !is_connected || ports) return;
    leg.call('forward.list').then(
      (answer) => set_ports(ports_of(answer)),
      (error: unknown) => set_why(error instanceof Error ? error.message : ''),
    );
  }, [leg, may_act, is_connected]);
  const command = (name: string): string =>
    `fieldline-gateway forward --url ${location.origin} --session ${session.id} --port ${name} --user ${me.value?.user ?? ''}`;
  return (
    <section class="card">
      <h2>{t('forward.title')}</h2>
      <p>{t('forward.explain')}</p>
      {ports?.length === 0 && <p class="quiet">{t('forward.none')}</p>}
      {why && <p class="note bad">{why}</p>}
      {ports?.map(({ name, kind }) => (
        <div key={name}>
          <p>
            <b>{name}</b> <span class="quiet small">{kind}</span>{' '}
            <button type="button" onClick={() => void navigator.clipboard.writeText(command(name))}>
              {t('forward.copy')}
            </button>
          </p>
          <pre tabIndex={0}>{command(name)}</pre>
        </div>
      ))}
    </section>
  );
}
