// What the owner says, as the text that is signed (include/fieldline/owner.h has the forms), and the few functions of the
// Web Cryptography API that this takes. Pure but for the crypto.
export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const LADDER = ['observe', 'diagnose', 'configure', 'files', 'forward', 'update', 'shell', 'screen'];

export type Lines = [name: string, value: string | number][];

export function statement(kind: string, lines: Lines): string {
  return `fieldline.owner.1 ${kind}\n${lines.map(([name, value]) => `${name} ${value}\n`).join('')}`;
}

// In the one order that both ends use.
export function capability_list(chosen: readonly string[]): string {
  const list = LADDER.filter((name) => chosen.includes(name));
  return list.length > 0 ? list.join(',') : 'none';
}

// The lines of a statement that somebody else has made, by name.
export function read_lines(text: string): Record<string, string> {
  const lines = text.split('\n').slice(1, -1);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}

export function base64url(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

export function from_base64url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

const utf8 = (text: string) => new TextEncoder().encode(text);

export async function sha256_hex(bytes: string | ArrayBuffer): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', typeof bytes === 'string' ? utf8(bytes) : bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function hmac(secret: Uint8Array<ArrayBuffer>, text: string): Promise<string> {
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return base64url(await crypto.subtle.sign('HMAC', key, utf8(text)));
}

export async function sign(key: CryptoKey, text: string): Promise<string> {
  return base64url(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, utf8(text)));
}
