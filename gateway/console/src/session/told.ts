// What the gateway tells everybody in a session: its state, who is there with which part, who holds the keyboard, and whether
// it is frozen. Read with care: a message that lacks something gives the careful value (may not, nobody, nothing).
type Params = Record<string, unknown>;

export type Part = 'typist' | 'watcher' | 'moderator' | 'guest' | 'tool';
const PARTS: readonly string[] = ['typist', 'watcher', 'moderator', 'guest', 'tool'];
export interface Person {
  name: string;
  part: Part;
  may_type: boolean; // could hold the keyboard
  in_call: boolean;
}
export interface Told {
  state: string;
  name: string; // who this leg is
  part: Part;
  capabilities: string[];
  may_type: boolean; // this leg holds the keyboard now
  may: string[]; // watch, call, chat, type (could hold the keyboard), moderate
  deadline_mono_ms: number | undefined;
  next_stream: number;
  frozen: string; // why: moderator, no_moderator; "" when it is not
  frozen_by: string;
}
export interface Chat {
  by: string;
  text: string;
  t_ms: number;
}

export const text_of = (value: unknown): string => (typeof value === 'string' ? value : '');
export const number_of = (value: unknown): number => (typeof value === 'number' ? value : 0);
const list_of = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const part_of = (value: unknown): Part => (PARTS.includes(String(value)) ? (value as Part) : 'watcher');

export function told_of(p: Params): Told {
  return {
    state: text_of(p.state),
    name: text_of(p.to),
    part: part_of(p.part),
    capabilities: list_of(p.capabilities),
    may_type: p.may_type === true,
    may: list_of(p.may),
    deadline_mono_ms: p.state === 'live' ? performance.now() + number_of(p.seconds_left) * 1_000 : undefined,
    next_stream: number_of(p.next_stream),
    frozen: text_of(p.frozen),
    frozen_by: text_of(p.frozen_by),
  };
}

export function people_of(p: Params): Person[] {
  if (!Array.isArray(p.people)) return [];
  return (p.people as Params[]).map((one) => ({
    name: text_of(one.name),
    part: part_of(one.part),
    may_type: one.may_type === true,
    in_call: one.in_call === true,
  }));
}

export function chat_of(p: Params): Chat {
  return { by: text_of(p.by), text: text_of(p.text), t_ms: number_of(p.t_ms) };
}
