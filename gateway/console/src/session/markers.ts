// What stands on the timeline of a recording: things that somebody did, people who came and went, and holes. From the control
// frames alone; typing has a lane of its own.
import type { Word } from '../words/words';
import type { Frame } from './transcript';

export type MarkerKind = 'people' | 'check' | 'setting' | 'file' | 'port' | 'chat' | 'control' | 'refused' | 'hole';
export interface Marker {
  kind: MarkerKind;
  at_ms: number;
  until_ms?: number; // of a hole
  by: string;
  text: string;
}
export const MARKER_WORDS: Record<MarkerKind, Word> = {
  people: 'marker.people',
  check: 'marker.check',
  setting: 'marker.setting',
  file: 'marker.file',
  port: 'marker.port',
  chat: 'marker.chat',
  control: 'marker.control',
  refused: 'marker.refused',
  hole: 'marker.hole',
};

type Params = Record<string, unknown>;
const said = (params: Params, key: string): string => (typeof params[key] === 'string' ? params[key] : '');

const media = (params: Params): string => (Array.isArray(params.media) ? params.media.join(', ') : '');
const seconds = (value: unknown): string => (typeof value === 'number' ? `${Math.round(value)} s` : '');

// Whose doing it was: a note names him; of a refusal, whom it was said to.
function author(frame: Frame, params: Params): string {
  const data = (params.data ?? {}) as Params;
  return said(params, 'by') || (frame.dir === 'gate' ? said(params, 'to') || said(data, 'to') : '') || frame.by;
}

// Method -> its kind and what it says: what the gateway's relay_*.c write.
const KINDS: Record<string, [MarkerKind, (params: Params) => string]> = {
  'diagnose.run': ['check', (p) => said(p, 'name')],
  'configure.set': ['setting', (p) => JSON.stringify(p.values ?? {})],
  'configure.confirm': ['setting', () => '✓'],
  'configure.revert': ['setting', () => '↩'],
  'configure.reverted': ['setting', (p) => `↩ ${said(p, 'why')}`],
  'file.get': ['file', (p) => `↑ ${said(p, 'root')}/${said(p, 'path')}`],
  'file.put': ['file', (p) => `↓ ${said(p, 'root')}/${said(p, 'path')}`],
  'forward.open': ['port', (p) => said(p, 'name')],
  'screen.open': ['port', (p) => said(p, 'name')],
  'chat.said': ['chat', (p) => said(p, 'text')],
  'session.people': ['people', (p) => (Array.isArray(p.people) ? p.people.map((one: Params) => said(one, 'name')).join(', ') : '')],
  'session.left': ['people', () => '–'],
  'session.joined': ['people', (p) => `+ ${said(p, 'by')}`],
  'call.started': ['people', (p) => `☎ ${media(p)}`],
  'call.changed': ['people', (p) => `☎ ${media(p)}`],
  'call.left': ['people', (p) => `☎ – ${seconds(p.seconds)}`],
  'session.frozen': ['control', () => '❄'],
  'session.thawed': ['control', () => '▶'],
  'session.offered': ['control', (p) => `⌨ → ${said(p, 'to') || '–'}`],
  'session.taken': ['control', (p) => `⌨ ← ${said(p, 'from')}`],
  'session.away': ['control', () => '⇠'],
  'session.back': ['control', (p) => `⇢ ${seconds(typeof p.ms === 'number' ? p.ms / 1000 : undefined)}`],
  'session.end': ['control', (p) => said(p, 'reason')],
  'session.error': ['refused', (p) => said(p, 'text')],
  error: ['refused', (p) => said(p, 'message')], // of the product, or the gateway's to a request with an id
  'transcript.hole': ['hole', (p) => said(p, 'text')],
};

export function markers_of(frames: Frame[]): Marker[] {
  const markers: Marker[] = [];
  for (const frame of frames) {
    const row = frame.channel === 0 ? KINDS[frame.method] : undefined;
    if (!row) continue;
    const params = (frame.params ?? {}) as Params;
    const [kind, text] = row;
    const from_ms = kind === 'hole' && typeof params.from_ms === 'number' ? params.from_ms : frame.t_ms;
    const marker: Marker = { kind, at_ms: from_ms, by: author(frame, params), text: text(params) };
    if (kind === 'hole') marker.until_ms = typeof params.to_ms === 'number' ? params.to_ms : frame.t_ms;
    markers.push(marker);
  }
  return markers.sort((a, b) => a.at_ms - b.at_ms);
}

// Who typed when: one mark for what somebody typed without a pause.
export interface Typing {
  by: string;
  at_ms: number;
  until_ms: number;
}
export function typing_of(frames: Frame[], pause_ms = 2_000): Typing[] {
  const typing: Typing[] = [];
  const last = new Map<string, Typing>();
  for (const frame of frames) {
    if (frame.dir !== 'down' || frame.channel === 0 || frame.channel === 3) continue;
    const before = last.get(frame.by);
    if (before && frame.t_ms - before.until_ms < pause_ms) {
      before.until_ms = frame.t_ms;
    } else {
      const begun = { by: frame.by, at_ms: frame.t_ms, until_ms: frame.t_ms };
      last.set(frame.by, begun);
      typing.push(begun);
    }
  }
  return typing;
}
