// The product's display. Looking only, unless the product allows more and the person at the keyboard asks for it: then a new
// stream is opened for that, because the product decides for each stream what may pass. The clipboard is not shared in either
// direction. The viewer is a chunk of its own, loaded when somebody looks.
import type RFB from '@novnc/novnc';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t, t_or } from '../words/words';
import { StreamChannel, type ScreenStream } from './rfb_channel';

export interface ScreenLeg {
  readonly state: { readonly value: string };
  call: (method: string, params?: Record<string, unknown>) => Promise<unknown>;
  openStream: (method: string, params?: Record<string, unknown>) => ScreenStream;
}
interface Screen {
  name: string;
  view_only: boolean;
}
type Look = { name: string; has_hands: boolean };

function screens_of(answer: unknown): Screen[] {
  const list = (answer as { screens?: unknown }).screens;
  if (!Array.isArray(list)) return [];
  return list.map((one: Partial<Screen>) => ({ name: String(one.name ?? ''), view_only: one.view_only !== false }));
}

function Password({ give }: { give: (password: string) => void }) {
  const [password, set_password] = useState('');
  const submit = (event: Event): void => {
    event.preventDefault();
    give(password);
  };
  return (
    <form class="buttons" onSubmit={submit}>
      <label>
        {t('screen.password')}{' '}
        <input type="password" autocomplete="off" value={password} onInput={(event) => set_password(event.currentTarget.value)} />
      </label>
      <button type="submit" class="primary">
        {t('screen.give_password')}
      </button>
    </form>
  );
}

// One look at one screen: lives as long as its stream.
function Viewer({ leg, look, ended, viewer }: { leg: ScreenLeg; look: Look; ended: (why: string) => void; viewer: { current: RFB | undefined } }) {
  const box = useRef<HTMLDivElement>(null);
  const [wants_password, set_wants_password] = useState(false);
  const [is_shown, set_shown] = useState(false);
  useEffect(() => {
    const parent = box.current;
    let is_gone = false;
    const over = (text: string): void => {
      if (!is_gone) ended(text);
    };
    const load = async (): Promise<void> => {
      const { default: Viewing } = await import('@novnc/novnc');
      if (is_gone || !parent) return;
      const stream = leg.openStream('screen.open', { name: look.name, view_only: !look.has_hands });
      stream.opened.catch((error: unknown) => over(error instanceof Error ? error.message : ''));
      const made = new Viewing(parent, new StreamChannel(stream, (reason) => over(t_or(`screen.end_${reason}`, reason))));
      made.viewOnly = !look.has_hands;
      made.scaleViewport = true;
      made.resizeSession = false;
      made.focusOnClick = look.has_hands;
      made.background = '#10151a';
      made.addEventListener('credentialsrequired', () => set_wants_password(true));
      made.addEventListener('connect', () => {
        set_wants_password(false);
        set_shown(true);
      });
      made.addEventListener('disconnect', () => {
        if (viewer.current === made) viewer.current = undefined; // it is told to disconnect once only
      });
      viewer.current = made;
    };
    load().catch(() => over(t('screen.broken')));
    return () => {
      is_gone = true;
      viewer.current?.disconnect();
      viewer.current = undefined;
    };
  }, [look]);
  return (
    <>
      {!is_shown && !wants_password && <p role="status">{t('screen.connecting')}</p>}
      {wants_password && (
        <Password
          give={(password) => {
            set_wants_password(false);
            viewer.current?.sendCredentials({ password });
          }}
        />
      )}
      <div ref={box} class={`screen-box ${look.has_hands ? 'has-hands' : ''}`} data-state={is_shown ? 'shown' : 'waiting'} />
    </>
  );
}

export function ScreenPane({ leg, may_act }: { leg: ScreenLeg; may_act: boolean }) {
  const [screens, set_screens] = useState<Screen[]>();
  const [name, set_name] = useState('');
  const [look, set_look] = useState<Look>();
  const [why, set_why] = useState('');
  const viewer = useRef<RFB | undefined>(undefined);
  const is_connected = leg.state.value === 'open';
  useEffect(() => {
    if (!may_act || !is_connected || screens) return;
    leg.call('screen.list').then(
      (answer) => {
        const found = screens_of(answer);
        set_screens(found);
        set_name(found[0]?.name ?? '');
      },
      (error: unknown) => set_why(error instanceof Error ? error.message : ''),
    );
  }, [leg, may_act, is_connected]);
  useEffect(() => {
    if (!may_act) set_look(undefined); // the keyboard is in other hands, or the session is frozen
  }, [may_act]);
  const chosen = screens?.find((screen) => screen.name === name);
  const ended = (text: string): void => {
    set_look(undefined);
    set_why(text);
  };
  const begin = (has_hands: boolean): void => {
    set_why('');
    set_look({ name, has_hands });
  };
  return (
    <section class="screen" aria-label={t('screen.title')}>
      {!may_act && <p class="note">{t('screen.only_typist')}</p>}
      {screens?.length === 0 && <p class="quiet">{t('screen.none')}</p>}
      {may_act && chosen && (
        <div class="buttons">
          {screens && screens.length > 1 && !look && (
            <label>
              {t('screen.which')}{' '}
              <select value={name} onChange={(event) => set_name(event.currentTarget.value)}>
                {screens.map((screen) => (
                  <option key={screen.name}>{screen.name}</option>
                ))}
              </select>
            </label>
          )}
          {!look && (
            <button type="button" class="primary" onClick={() => begin(false)}>
              {t('screen.show')}
            </button>
          )}
          {look && (
            <span class={look.has_hands ? 'bad-word' : ''} role="status">
              {t(look.has_hands ? 'screen.has_hands' : 'screen.view_only')}
            </span>
          )}
          {look && !chosen.view_only && (
            <button type="button" onClick={() => begin(!look.has_hands)}>
              {t(look.has_hands ? 'screen.drop_hands' : 'screen.take_hands')}
            </button>
          )}
          {look?.has_hands && (
            <button type="button" onClick={() => viewer.current?.sendCtrlAltDel()}>
              Ctrl-Alt-Del
            </button>
          )}
          {look && (
            <button type="button" onClick={() => set_look(undefined)}>
              {t('screen.hide')}
            </button>
          )}
        </div>
      )}
      {chosen?.view_only && look && <p class="quiet small">{t('screen.product_says')}</p>}
      {why && (
        <p class="note bad" role="alert">
          {why}
        </p>
      )}
      {look && <Viewer key={`${look.name} ${look.has_hands}`} leg={leg} look={look} ended={ended} viewer={viewer} />}
    </section>
  );
}
