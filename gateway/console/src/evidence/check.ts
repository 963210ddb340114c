// Checks a recording as `fieldline-gateway transcript verify` does, with what a browser has: the line chain over every byte, the
// two chains of what was said, the signed heads, sizes and SHA-256 of the files, and the gateway's signature where the browser
// knows Ed25519. The product's certificate is the command's business. Formats: gateway/sessions/transcript.h, seal.h, heads.h.
export interface Evidence {
  session: Record<string, unknown>;
  cast: string;
  jsonl: string;
  seal: string;
  heads: string;
  seal_pub: string;
  shown_cast: string | null; // with passwords covered, when there are any
  shown_jsonl: string | null;
}
export type Outcome = 'good' | 'bad' | 'unknown';
export interface Check {
  what: 'frames' | 'lines' | 'said' | 'heads' | 'files' | 'signature';
  outcome: Outcome;
  detail: string;
}
export interface Seal {
  session: string;
  complete?: boolean;
  countersigned?: boolean;
  frames: number;
  lines: string;
  statement: string;
  cast_bytes: number;
  cast_sha256: string;
  jsonl_bytes: number;
  jsonl_sha256: string;
  heads?: number;
  signature: string;
}
interface Line {
  n: number;
  dir: 'up' | 'down' | 'gate';
  ch: number;
  cast?: number;
  len: number;
  leaf?: string;
}
interface Head {
  n: number;
  cast_bytes: number;
  jsonl_bytes: number;
  lines: string;
}

const encoder = new TextEncoder();
const CONTROL = 0;
const DATA_MARK = ',"data":';

function bytes_of(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text) as Uint8Array<ArrayBuffer>;
}

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function from_hex(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array((text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
}

function from_base64(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (char) => char.charCodeAt(0));
}

// The exact bytes of a frame, from its line and its line of the cast.
function frame_bytes(source: string, line: Line, cast_line: string | undefined): Uint8Array<ArrayBuffer> {
  const mark = source.indexOf(DATA_MARK);
  const data = mark < 0 ? '' : source.slice(mark + DATA_MARK.length, -1);
  if (line.ch === CONTROL) return bytes_of(data);
  if (mark >= 0) return from_base64(JSON.parse(data) as string);
  const [, , text] = JSON.parse(cast_line ?? '[0,"",""]') as [number, string, string];
  return bytes_of(text);
}

export interface Sums {
  frames: number;
  lines: string;
  statement: string;
  bad_head: number; // the first head that does not fit; 0: none
  heads: number;
}

class Chain {
  count = 0;
  private constructor(private head: Uint8Array<ArrayBuffer>) {}
  static async begin(text: string): Promise<Chain> {
    return new Chain(await sha256(bytes_of(text)));
  }
  async add(...parts: Uint8Array[]): Promise<void> {
    this.head = await sha256(join(this.head, ...parts));
    this.count++;
  }
  get hex(): string {
    return hex(this.head);
  }
}

// Throws where a line cannot be one.
export async function run_chains(evidence: Evidence, session: string, progress: (part: number) => void): Promise<Sums> {
  const rows = evidence.jsonl.split('\n').slice(0, -1);
  const cast = evidence.cast.split('\n').slice(0, -1);
  const heads = evidence.heads.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Head);
  const lines = await Chain.begin(`fieldline.transcript.1/${session}`);
  const said = { up: await Chain.begin(`fieldline.session.1/up/${session}`), down: await Chain.begin(`fieldline.session.1/down/${session}`) };
  let bad_head = 0;
  let next_head = 0;
  let next_cast = 1;
  for (const [i, row] of rows.entries()) {
    if (i === 0) {
      await lines.add(bytes_of(`${row}\n`));
      continue;
    }
    const line = JSON.parse(row) as Line;
    if (line.n !== i) throw new Error(`frame ${i} is numbered ${line.n}`);
    const cast_line = line.cast === undefined ? undefined : cast[line.cast - 1];
    if (line.cast !== undefined && (cast_line === undefined || line.cast !== next_cast++)) throw new Error(`frame ${i} names a line of the cast that is not its own`);
    await lines.add(bytes_of(`${row}\n`), bytes_of(cast_line === undefined ? '' : `${cast_line}\n`));
    if (line.dir !== 'gate') {
      const leaf = line.leaf === undefined ? await sha256(join(new Uint8Array([line.ch]), frame_bytes(row, line, cast_line))) : from_hex(line.leaf);
      await said[line.dir].add(leaf);
    }
    if (heads[next_head]?.n === i) {
      if (heads[next_head]?.lines !== lines.hex && bad_head === 0) bad_head = next_head + 1;
      next_head++;
    }
    if (i % 500 === 0) progress(i / rows.length);
  }
  if (next_cast !== cast.length + 1) throw new Error(`line ${next_cast} of the cast belongs to no frame`);
  if (next_head < heads.length && bad_head === 0) bad_head = next_head + 1;
  const statement = `fieldline.session.1\n${session}\nup ${said.up.count} ${said.up.hex}\ndown ${said.down.count} ${said.down.hex}\n`;
  return { frames: rows.length - 1, lines: lines.hex, statement, bad_head, heads: heads.length };
}

export function parse_seal(evidence: Evidence): Seal {
  return JSON.parse(evidence.seal) as Seal;
}

// What stands behind the signature is not signed: nothing may.
const SIGNED_END = /^"signature":"[\w-]+"\n\}\n$/;

async function check_signature(evidence: Evidence, seal: Seal): Promise<Check> {
  const at = evidence.seal.lastIndexOf('"signature":"');
  if (at < 0 || !SIGNED_END.test(evidence.seal.slice(at))) return { what: 'signature', outcome: 'bad', detail: '' };
  const pem = evidence.seal_pub.replace(/-----[^-]+-----|\s/g, '');
  try {
    const key = await crypto.subtle.importKey('spki', from_base64(pem), { name: 'Ed25519' }, false, ['verify']);
    const holds = await crypto.subtle.verify({ name: 'Ed25519' }, key, from_base64(seal.signature), bytes_of(evidence.seal.slice(0, at)));
    return { what: 'signature', outcome: holds ? 'good' : 'bad', detail: '' };
  } catch (error) {
    return { what: 'signature', outcome: 'unknown', detail: error instanceof Error ? error.message : String(error) };
  }
}

// All of them good: unchanged. One bad: changed. Else nobody has looked at everything, which is not the same as good.
export function judge(checks: Check[]): Outcome {
  if (checks.some((check) => check.outcome === 'bad')) return 'bad';
  return checks.length > 0 && checks.every((check) => check.outcome === 'good') ? 'good' : 'unknown';
}

export async function check_evidence(evidence: Evidence, seal: Seal, progress: (part: number) => void): Promise<Check[]> {
  let sums: Sums;
  try {
    sums = await run_chains(evidence, seal.session, progress);
  } catch (error) {
    return [{ what: 'frames', outcome: 'bad', detail: error instanceof Error ? error.message : String(error) }];
  }
  const cast = bytes_of(evidence.cast);
  const jsonl = bytes_of(evidence.jsonl);
  const files_hold =
    cast.length === seal.cast_bytes && jsonl.length === seal.jsonl_bytes && hex(await sha256(cast)) === seal.cast_sha256 && hex(await sha256(jsonl)) === seal.jsonl_sha256;
  const judged = (what: Check['what'], holds: boolean, detail = ''): Check => ({ what, outcome: holds ? 'good' : 'bad', detail });
  return [
    judged('frames', sums.frames === seal.frames, `${sums.frames}`),
    judged('lines', sums.lines === seal.lines),
    judged('said', sums.statement === seal.statement),
    judged('heads', sums.bad_head === 0 && (seal.heads === undefined || seal.heads === sums.heads), `${sums.heads}`),
    judged('files', files_hold),
    await check_signature(evidence, seal),
  ];
}
