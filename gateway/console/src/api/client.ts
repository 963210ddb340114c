// Requests to the gateway's JSON API, and nothing else: no caching, no retries (resource.ts asks again, link.ts watches
// the connection). Every failure becomes a Problem. A 401 ends the login here, so no page has to think of it.
import { learn_server_time } from '../time';
import { link_failed, link_works } from './link';
import { forget_me } from './me';
import { Problem } from './problem';

const BASE = '/api/v1';
const ANSWER_WITHIN_MS = 20_000;

export interface Answer<T> {
  data: T;
  etag: string; // "" when the gateway sent none
}
export interface Options {
  body?: unknown;
  if_match?: string;
  abort?: AbortSignal;
}

type Query = Record<string, string | number | boolean | undefined>;

export function with_query(path: string, query: Query): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') words.set(name, String(value));
  }
  const text = words.toString();
  return text ? `${path}?${text}` : path;
}

export function api_url(path: string): string {
  return BASE + path;
}

export async function get<T>(path: string, abort?: AbortSignal): Promise<T> {
  return (await request<T>('GET', path, abort ? { abort } : {})).data;
}

export async function post<T>(path: string, body: unknown = {}, if_match?: string): Promise<T> {
  return (await request<T>('POST', path, if_match === undefined ? { body } : { body, if_match })).data;
}

export async function request<T>(method: string, path: string, options: Options = {}): Promise<Answer<T>> {
  const response = await send(method, path, options);
  const etag = response.headers.get('ETag') ?? '';
  if (response.status === 204 || response.status === 202) return { data: undefined as T, etag };
  try {
    const text = await response.text();
    if (text === '' && response.status === 201) return { data: undefined as T, etag }; // made, and there is nothing to say of it
    return { data: JSON.parse(text) as T, etag };
  } catch {
    if (options.abort?.aborted) throw new DOMException('no longer wanted', 'AbortError');
    throw new Problem(response.status, 'not_json', '');
  }
}

// For recordings: the text as it is.
export async function get_text(path: string, abort?: AbortSignal): Promise<string> {
  return (await send('GET', path, abort ? { abort } : {})).text();
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.if_match) headers['If-Match'] = options.if_match;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), ANSWER_WITHIN_MS);
  const stop = () => limit.abort();
  options.abort?.addEventListener('abort', stop);
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      signal: limit.signal,
      credentials: 'same-origin',
      cache: 'no-store',
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
  } catch {
    if (options.abort?.aborted) throw new DOMException('no longer wanted', 'AbortError');
    link_failed();
    throw new Problem(0, limit.signal.aborted ? 'timeout' : 'network', '');
  } finally {
    clearTimeout(timer);
    options.abort?.removeEventListener('abort', stop);
  }
  link_works();
  learn_server_time(response.headers.get('Date'));
  if (response.ok) return response;
  throw await problem_of(response, path);
}

async function problem_of(response: Response, path: string): Promise<Problem> {
  let told: { code?: unknown; detail?: unknown } = {};
  try {
    told = (await response.json()) as typeof told;
  } catch {
    // A proxy in between, or the gateway's own plain error page: the status says enough.
  }
  const problem = new Problem(
    response.status,
    typeof told.code === 'string' ? told.code : `http_${response.status}`,
    typeof told.detail === 'string' ? told.detail : '',
  );
  if (response.status === 401 && path !== '/login') forget_me();
  return problem;
}
