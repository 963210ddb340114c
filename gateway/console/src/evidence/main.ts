// The offline player of an evidence bundle: one page with everything in it, opened from a folder without network. The gateway
// puts the recording where the page says "EVIDENCE" (gateway/sessions/dossier_write.c). Plain DOM: a page that must still work in
// ten years should need little. Everything recorded is shown as text, never as markup.
import { create } from 'asciinema-player';
import { LONGEST_PAUSE_S, played_time } from '../session/played_time';
import { join_typing, parse_cast, parse_transcript, type Frame } from '../session/transcript';
import { check_evidence, judge, parse_seal, type Check, type Evidence, type Seal } from './check';
import { is_chinese, say } from './words';

const LISTED = 5_000;
const SIGNS = { good: '✓', bad: '✗', unknown: '?' } as const;

function make(tag: string, text = '', name = ''): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) element.className = name;
  return element;
}

function moment(ms: unknown): string {
  return typeof ms === 'number' ? new Date(ms).toISOString().replace('T', ' ').replace('Z', ' UTC') : '–';
}

// From the session's row, which nobody signed: for the reader to know what this is. Verdicts are made of the seal.
function show_facts(evidence: Evidence): HTMLElement {
  const list = make('dl');
  const { session } = evidence;
  const rows: [string, unknown][] = [
    [say('product'), session.device],
    [say('engineer'), session.engineer],
    [say('ticket'), `#${String(session.ticket)}`],
    [say('reason'), session.reason],
    [say('began'), moment(session.started_ms)],
    [say('ended'), `${moment(session.ended_ms)} (${String(session.why)})`],
  ];
  for (const [name, value] of rows) list.append(make('dt', name), make('dd', String(value ?? '–')));
  return list;
}

// The product's part is what the seal says, as far as the seal is the gateway's.
function show_sealed(box: HTMLElement, seal: Seal, checks: Check[]): void {
  const signature = checks.find((check) => check.what === 'signature')?.outcome ?? 'unknown';
  const is_countersigned = seal.countersigned === true;
  if (signature !== 'bad' || !is_countersigned)
    box.append(make('p', say(!is_countersigned ? 'not_countersigned' : signature === 'good' ? 'countersigned' : 'countersigned_unchecked')));
  if (seal.complete !== true) box.append(make('p', say('incomplete'), 'bad'));
}

function show_checks(box: HTMLElement, seal: Seal, checks: Check[]): void {
  const verdict = judge(checks);
  const words = { good: 'all_good', bad: 'bad', unknown: 'not_checked' } as const;
  const list = make('ul');
  for (const check of checks) {
    const item = make('li', `${SIGNS[check.outcome]} ${say(`check_${check.what}`)}${check.outcome === 'unknown' ? `: ${say('unknown')}` : check.detail ? `: ${check.detail}` : ''}`, check.outcome);
    item.dataset.check = check.what;
    list.append(item);
  }
  box.replaceChildren(make('p', say(words[verdict]), `verdict ${verdict}`), list);
  show_sealed(box, seal, checks);
}

function clock(ms: number): string {
  return `${String(Math.floor(ms / 60_000)).padStart(2, '0')}:${String(Math.floor(ms / 1000) % 60).padStart(2, '0')}`;
}

function show_frames(frames: Frame[], seek: ((at_s: number) => void) | undefined): HTMLElement {
  const table = make('table');
  for (const frame of frames.slice(0, LISTED)) {
    const row = make('tr', '', frame.dir);
    const at = make('td');
    const button = make(seek ? 'button' : 'span', clock(frame.t_ms));
    button.addEventListener('click', () => seek?.(frame.t_ms / 1000));
    at.append(button);
    const by = frame.by || say(frame.dir === 'up' ? 'product_by' : 'gateway_by');
    row.append(at, make('td', by), make('td', frame.method), make('td', frame.text, 'text'));
    table.append(row);
  }
  const section = make('section');
  section.append(make('h2', say('frames')));
  if (frames.length > LISTED) section.append(make('p', say('shown_first', { shown: LISTED, count: frames.length })));
  section.append(table);
  return section;
}

function show(evidence: Evidence): void {
  const cast_text = evidence.shown_cast ?? evidence.cast;
  const cast = parse_cast(cast_text);
  const frames = join_typing(parse_transcript(evidence.shown_jsonl ?? evidence.jsonl, cast, (count) => say('hidden', { count })));
  const verdict = make('section', say('checking'), 'checks');
  verdict.setAttribute('role', 'status');
  const terminal = make('section');
  terminal.append(make('h2', say('terminal')));
  const main = make('main');
  main.append(make('h1', say('title')), show_facts(evidence), verdict, terminal);
  let seek: ((at_s: number) => void) | undefined;
  document.body.replaceChildren(main);
  if (evidence.shown_cast !== null || evidence.shown_jsonl !== null) terminal.before(make('p', say('covered'), 'note'));
  if (cast.events.length > 0) {
    const stage = make('div');
    terminal.append(stage);
    const player = create({ data: cast_text }, stage, { fit: 'width', preload: true, idleTimeLimit: LONGEST_PAUSE_S, terminalFontSize: '14px' });
    seek = (at_s) => {
      void player.seek(played_time(cast.events, at_s));
      stage.scrollIntoView({ block: 'nearest' });
    };
  } else {
    terminal.append(make('p', say('no_terminal')));
  }
  main.append(show_frames(frames, seek));
  const progress = (part: number): void => {
    verdict.textContent = `${say('checking')} ${Math.round(part * 100)} %`;
  };
  const check = async (): Promise<void> => {
    const seal = parse_seal(evidence);
    show_checks(verdict, seal, await check_evidence(evidence, seal, progress));
  };
  check().catch((error: unknown) => verdict.replaceChildren(make('p', String(error), 'verdict bad')));
}

document.documentElement.lang = is_chinese ? 'zh' : 'en';
document.title = say('title');
show(JSON.parse(document.getElementById('evidence')?.textContent ?? 'null') as Evidence);
