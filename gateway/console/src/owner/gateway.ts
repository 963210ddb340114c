// The gateway as the owner's page uses it: a messenger. Requests about the product show a pass, which the gateway gives for a
// signature; statements are signed themselves and are accepted or refused by the product.
import { keep_key, type PhoneKey } from './keys';
import { hmac, sign, statement, type Lines } from './statement';

export interface Question { text: string; until_ms: number }
export interface PastSession {
  id: string;
  engineer: string;
  reason: string;
  state: string;
  why: string;
  text: string;
  capabilities: string[];
  requested_ms: number;
  started_ms?: number;
  ended_ms?: number;
  deadline_ms?: number;
  consent?: { method: string; by: string };
  is_complete: boolean;
}
export type Words = Record<string, Record<'en' | 'zh', { name: string; does: string }>>;
export interface OwnerState {
  nonce?: string;
  capabilities?: string[];
  words?: Words;
  max_minutes?: number;
  windows_count?: boolean;
  keys?: { key: string; name: string }[];
  windows?: { window: string; by: string; statement: string }[];
}
export interface Look {
  device: string;
  now_ms: number;
  online: boolean;
  owner?: OwnerState;
  questions: Question[];
  sessions: PastSession[];
}

export class Refusal extends Error {
  constructor(readonly code: string, text: string, readonly status = 0) {
    super(text);
  }
}

async function post<T>(device: string, what: string, body: unknown): Promise<T> {
  const abort = AbortSignal.timeout(15_000);
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`/api/v1/owner/${device}/${what}`, { method: 'POST', headers, body: JSON.stringify(body), signal: abort }).catch(() => {
    throw new Refusal('lost', '');
  });
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(String(json.code ?? 'lost'), String(json.detail ?? ''), answer.status);
  return json as T;
}

const passes = new Map<string, string>();

async function log_in(key: PhoneKey): Promise<string> {
  const { challenge } = await post<{ challenge: string }>(key.device, 'challenge', {});
  const text = statement('login', [['device', key.device], ['challenge', challenge]]);
  const body = { key: key.id, statement: text, signature: await sign(key.pair.privateKey, text) };
  const { pass } = await post<{ pass: string }>(key.device, 'login', body);
  passes.set(key.device, pass);
  return pass;
}

// With a pass that is over, once more with a new one.
async function ask<T>(key: PhoneKey, what: string, more: object = {}): Promise<T> {
  const old = passes.get(key.device);
  if (old) {
    try {
      return await post<T>(key.device, what, { pass: old, ...more });
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 403) throw error;
    }
  }
  return post<T>(key.device, what, { pass: await log_in(key), ...more });
}

export const look = (key: PhoneKey): Promise<Look> => ask(key, 'look');
export const report = (key: PhoneKey, session: string): Promise<{ markdown: string }> => ask(key, 'report', { session });
export const call = (key: PhoneKey, session: string): Promise<{ path: string }> => ask(key, 'call', { session });
export const renew = (key: PhoneKey): Promise<string> => log_in(key);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

// Until the product has answered; a letter's id is known to nobody else.
async function wait_for_letter(device: string, letter: string): Promise<void> {
  for (const until = Date.now() + 30_000; Date.now() < until; await pause(400)) {
    const { state, error, text } = await post<{ state: string; error: string; text: string }>(device, 'letter', { letter });
    if (state === 'done') return;
    if (state === 'refused') throw new Refusal(error, text);
  }
  throw new Refusal('late', '');
}

export async function say(key: PhoneKey, kind: string, lines: Lines): Promise<void> {
  const text = statement(kind, [['device', key.device], ...lines]);
  const body = { key: key.id, statement: text, signature: await sign(key.pair.privateKey, text) };
  const { letter } = await post<{ letter: string }>(key.device, 'say', body);
  await wait_for_letter(key.device, letter);
}

export async function enrol(key: PhoneKey, secret: Uint8Array<ArrayBuffer>): Promise<void> {
  const text = statement('enrol', [['device', key.device], ['point', key.point], ['name', key.name]]);
  const { letter } = await post<{ letter: string }>(key.device, 'enrol', { text, mac: await hmac(secret, text) });
  await wait_for_letter(key.device, letter);
  await keep_key(key);
}
