// Plays a recording: the same terminal as in the live session, driven by the recording's clock, so that what is replayed looks
// as it looked. Forwards it writes what lies between; backwards it begins anew. A session without a terminal has the clock and
// the timeline all the same, and shows what happened last.
import { Terminal } from '@xterm/xterm';
import xterm_css from '@xterm/xterm/css/xterm.css' with { type: 'text' };
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { adopt_style } from '../style/adopt';
import { duration } from '../time';
import { t } from '../words/words';
import { SPEEDS, type Playback } from './playback';
import { quiet } from './quiet';
import type { Cast, CastEvent, Frame } from './transcript';

adopt_style(xterm_css);

const COLORS = { background: '#10151a', foreground: '#d7dde3', cursor: '#7fd6c8', cursorAccent: '#10151a', selectionBackground: '#33566b' };
const FONT_PX = 14;
const SMALLEST_FONT_PX = 7;
const CELL_OF_FONT = 0.605; // width of a character of the monospace fonts below
const SCROLLBACK_LINES = 2_000;
const RESET = '\x1bc';

// The player's side of a terminal: where in the recording its screen is.
class Stage {
  private next = 0;
  private at_ms = 0;
  private readonly watcher: ResizeObserver;
  private readonly terminal: Terminal;

  constructor(
    private readonly cast: Cast,
    private readonly parent: HTMLElement,
  ) {
    this.terminal = quiet(
      new Terminal({
        cols: cast.width,
        rows: cast.height,
        disableStdin: true,
        scrollback: SCROLLBACK_LINES,
        fontFamily: 'ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", monospace',
        fontSize: FONT_PX,
        theme: COLORS,
        cursorBlink: false,
        linkHandler: { activate: () => undefined },
        windowOptions: {},
      }),
    );
    this.terminal.open(parent);
    this.terminal.attachCustomKeyEventHandler(() => false); // keys are the player's
    if (this.terminal.textarea) this.terminal.textarea.tabIndex = -1; // a click may select and copy; nothing is typed here
    this.watcher = new ResizeObserver(() => this.fit());
    this.watcher.observe(parent);
    this.fit();
  }

  close(): void {
    this.watcher.disconnect();
    this.terminal.dispose();
  }

  show(at_ms: number): void {
    if (at_ms < this.at_ms) {
      this.next = 0;
      this.write_size(this.cast.width, this.cast.height);
      this.terminal.write(RESET);
    }
    this.at_ms = at_ms;
    let text = '';
    for (let event = this.event_due(at_ms); event; event = this.event_due(at_ms)) {
      this.next++;
      if (event.kind === 'o') text += event.text;
      const size = event.kind === 'r' ? /^(\d+)x(\d+)$/.exec(event.text) : null;
      if (!size) continue;
      this.terminal.write(text);
      text = '';
      this.write_size(Number(size[1]), Number(size[2]));
    }
    if (text) this.terminal.write(text);
  }

  private event_due(at_ms: number): CastEvent | undefined {
    const event = this.cast.events[this.next];
    return event && Math.round(event.at_s * 1_000) <= at_ms ? event : undefined;
  }

  // In the order of what is written, which xterm.js takes in later.
  private write_size(cols: number, rows: number): void {
    this.terminal.write('', () => {
      this.terminal.resize(Math.max(2, cols), Math.max(1, rows));
      this.fit();
    });
  }

  // The whole width of the recorded terminal is seen; in a narrow window its letters are small.
  private fit(): void {
    const font = Math.floor(this.parent.clientWidth / (this.terminal.cols * CELL_OF_FONT));
    this.terminal.options.fontSize = Math.max(SMALLEST_FONT_PX, Math.min(FONT_PX, font));
  }
}

export function Screen({ cast, playback }: { cast: Cast; playback: Playback }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = box.current;
    if (!parent) return undefined;
    const stage = new Stage(cast, parent);
    const follow = effect(() => stage.show(playback.now_ms.value));
    return () => {
      follow();
      stage.close();
    };
  }, [cast, playback]);
  return <div ref={box} class="replay-screen" aria-label={t('replay.terminal')} role="group" />;
}

const LATEST = 8;

export function Latest({ frames, playback }: { frames: Frame[]; playback: Playback }) {
  const now_ms = playback.now_ms.value;
  const shown = frames.filter((frame) => frame.t_ms <= now_ms).slice(-LATEST);
  return (
    <ol class="replay-latest" aria-label={t('replay.latest')}>
      {shown.map((frame) => (
        <li key={frame.n}>
          <span class="number">{duration(frame.t_ms)}</span> <b>{frame.by || t('replay.gateway')}</b> {frame.method} {frame.text}
        </li>
      ))}
    </ol>
  );
}

export function Controls({ playback, authors, next_input }: { playback: Playback; authors: string[]; next_input: (by: string) => void }) {
  const is_playing = playback.is_playing.value;
  const who = useRef<HTMLSelectElement>(null);
  return (
    <div class="replay-controls">
      <button type="button" class="primary" onClick={() => playback.toggle()} aria-keyshortcuts="Space">
        {is_playing ? t('replay.pause') : t('replay.play')}
      </button>
      <span class="number" role="timer">
        {duration(playback.now_ms.value)} / {duration(playback.length_ms)}
      </span>
      <label class="inline">
        {t('replay.speed')}
        <select
          value={playback.speed.value}
          onChange={(event) => {
            playback.speed.value = Number(event.currentTarget.value);
          }}
        >
          {SPEEDS.map((speed) => (
            <option key={speed} value={speed}>
              {speed}×
            </option>
          ))}
        </select>
      </label>
      <label class="inline">
        <input
          type="checkbox"
          checked={playback.skips_idle.value}
          onChange={(event) => {
            playback.skips_idle.value = event.currentTarget.checked;
          }}
        />
        {t('replay.skip_idle')}
      </label>
      {authors.length > 0 && (
        <span class="inline">
          <select ref={who} aria-label={t('replay.input_of')}>
            {authors.map((author) => (
              <option key={author} value={author}>
                {author}
              </option>
            ))}
          </select>
          <button type="button" onClick={() => next_input(who.current?.value ?? '')} aria-keyshortcuts="i">
            {t('replay.next_input')}
          </button>
        </span>
      )}
    </div>
  );
}
