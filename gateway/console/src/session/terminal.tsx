// The terminal. What the product sends is drawn and nothing else: it can neither read nor set the clipboard, open a link,
// rename the page nor move the window. Who only watches cannot type, and sees the size that the terminal has.
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import xterm_css from '@xterm/xterm/css/xterm.css' with { type: 'text' };
import { useEffect, useRef, useState } from 'preact/hooks';
import { adopt_style } from '../style/adopt';
import { t } from '../words/words';
import type { Leg } from './leg';
import { quiet } from './quiet';
import type { SoFar } from './transcript';

adopt_style(xterm_css);

const SCROLLBACK_LINES = 5_000;
const COLORS = { background: '#10151a', foreground: '#d7dde3', cursor: '#7fd6c8', cursorAccent: '#10151a', selectionBackground: '#33566b' };

function make_terminal(may_act: boolean): Terminal {
  const made = new Terminal({
    disableStdin: !may_act,
    scrollback: SCROLLBACK_LINES,
    fontFamily: 'ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", monospace',
    fontSize: 14,
    theme: COLORS,
    screenReaderMode: false,
    linkHandler: { activate: () => undefined },
    windowOptions: {},
  });
  return quiet(made);
}

// `may_act` comes and goes (a freeze, the keyboard in other hands) while the screen stays; whose window gives the size is who
// holds the keyboard, frozen or not.
export function TerminalPane({ leg, may_act, before }: { leg: Leg; may_act: boolean; before: SoFar }) {
  const box = useRef<HTMLDivElement>(null);
  const after = useRef<HTMLParagraphElement>(null);
  const term = useRef<Terminal | undefined>(undefined);
  const fitter = useRef<FitAddon | undefined>(undefined);
  const [is_refused, set_refused] = useState(false);
  const is_connected = leg.state.value === 'open';
  const is_open = leg.is_terminal_open.value && is_connected;
  const end = leg.terminal_end.value;
  const gives_size = leg.told.value?.may_type ?? may_act;
  const now = useRef({ may_act, gives_size });
  now.current = { may_act, gives_size };

  useEffect(() => {
    const parent = box.current;
    if (!parent) return undefined;
    const made = make_terminal(may_act);
    const fit = new FitAddon();
    made.loadAddon(fit);
    made.open(parent);
    if (gives_size) fit.fit();
    else if (before.cols && before.rows) made.resize(before.cols, before.rows);
    if (before.screen) made.write(before.screen);
    term.current = made;
    leg.draw_with((bytes, done) => made.write(bytes, done));
    // Keys only: what the program asks the terminal is not answered (quiet.ts).
    made.onData((text) => {
      if (now.current.may_act && leg.is_terminal_open.value) set_refused(!leg.type(text));
    });
    made.onResize(({ cols, rows }) => {
      if (now.current.may_act && leg.is_terminal_open.value) leg.notify('terminal.resize', { cols, rows });
    });
    made.attachCustomKeyEventHandler((event) => {
      if (event.key !== 'F6' || !event.shiftKey) return true;
      if (event.type === 'keydown') after.current?.focus();
      return false;
    });
    const watcher = new ResizeObserver(() => {
      if (now.current.gives_size) fit.fit();
    });
    watcher.observe(parent);
    fitter.current = fit;
    return () => {
      watcher.disconnect();
      leg.draw_with(undefined);
      made.dispose();
      term.current = undefined;
    };
  }, [leg]);

  useEffect(() => {
    if (term.current) term.current.options.disableStdin = !may_act;
    if (gives_size) fitter.current?.fit();
  }, [may_act, gives_size]);
  const size = leg.terminal_size.value;
  useEffect(() => {
    if (!gives_size && size) term.current?.resize(size.cols, size.rows);
  }, [gives_size, size]);

  // A terminal that was open before this page or this connection takes this window's size.
  const is_told_size = useRef(false);
  useEffect(() => {
    if (!is_connected || !may_act) is_told_size.current = false;
    else if (is_open && !is_told_size.current && term.current) {
      is_told_size.current = true;
      leg.notify('terminal.resize', { cols: term.current.cols, rows: term.current.rows });
    }
  }, [is_connected, is_open, may_act]);

  const open = (): void => {
    const { current } = term;
    if (!current) return;
    current.reset();
    is_told_size.current = true;
    leg.open_terminal(current.cols, current.rows);
    current.focus();
  };
  return (
    <section class="terminal" aria-label={t('terminal.title')}>
      <div ref={box} class={`terminal-box ${is_open ? '' : 'shut'}`} />
      {!is_open && may_act && is_connected && (
        <p>
          <button type="button" class="primary" onClick={open}>
            {t('terminal.open')}
          </button>
        </p>
      )}
      {!is_open && end && (
        <p class="note">{end.signal ? t('terminal.killed', { signal: end.signal }) : t('terminal.closed', { exit: end.exit })}</p>
      )}
      {is_open && !leg.is_echo_on.value && (
        <p class="note" role="status">
          {t('terminal.hidden')}
        </p>
      )}
      {is_refused && (
        <p class="note bad" role="alert">
          {t('terminal.paste_big')}
        </p>
      )}
      <p ref={after} tabIndex={-1} class="quiet small">
        {is_open && may_act && t('terminal.leave')}
      </p>
    </section>
  );
}
