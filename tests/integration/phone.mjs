// An owner's phone, as the owner's page is one (gateway/console/src/owner/): a P-256 key, statements as text, signatures as
// browsers make them. It can also lie, for the tests.
import { createHash, createHmac, webcrypto } from 'node:crypto';
import { SLOW, waitFor } from './stack.mjs';

const { subtle } = webcrypto;
const base64url = (bytes) => Buffer.from(bytes).toString('base64url');
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

export function statement(kind, lines) {
  return `fieldline.owner.1 ${kind}\n${lines.map(([name, value]) => `${name} ${value}\n`).join('')}`;
}

export class Phone {
  /** `client`: anybody's, or nobody's: the owner's page has no login. */
  static async make(client, device, name) {
    const pair = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
    const raw = await subtle.exportKey('raw', pair.publicKey);
    return Object.assign(new Phone(), { client, device, name, pair, point: base64url(raw), id: sha256(Buffer.from(raw)) });
  }

  post(what, body, device = this.device) {
    return this.client.post(`/owner/${device}/${what}`, body);
  }

  async sign(text) {
    return base64url(await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, this.pair.privateKey, Buffer.from(text)));
  }

  verifies(text, signature) {
    return subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, this.pair.publicKey, Buffer.from(signature, 'base64url'), Buffer.from(text));
  }

  /** What became of a letter: {state, error, text}. */
  async outcome(letter) {
    let seen;
    return waitFor(`an answer to letter ${letter}`, async () => {
      seen = await this.post('letter', { letter });
      return seen.state !== 'waiting' && seen;
    }, { seconds: 15 * SLOW, every: 50 });
  }

  async enrol(link) {
    const parts = new URLSearchParams(new URL(link).hash.slice(1));
    const text = statement('enrol', [['device', this.device], ['point', this.point], ['name', this.name]]);
    const mac = createHmac('sha256', Buffer.from(parts.get('k'), 'base64url')).update(text).digest('base64url');
    const { letter } = await this.post('enrol', { text, mac });
    return this.outcome(letter);
  }

  async logIn(device = this.device) {
    const { challenge } = await this.post('challenge', {}, device);
    const text = statement('login', [['device', device], ['challenge', challenge]]);
    const { pass } = await this.post('login', { key: this.id, statement: text, signature: await this.sign(text) }, device);
    this.pass = pass;
  }

  look() {
    return this.post('look', { pass: this.pass });
  }

  async say(kind, lines, { device = this.device, signature, key = this.id } = {}) {
    const text = statement(kind, [['device', device], ...lines]);
    const { letter } = await this.post('say', { key, statement: text, signature: signature ?? (await this.sign(text)) });
    return this.outcome(letter);
  }

  /** Until the page would show a question of this session: {session, text, asked}. */
  question(session) {
    return waitFor(`the question of session ${session}`, async () => {
      for (const { text } of (await this.look()).questions) {
        const asked = JSON.parse(text);
        if (asked.session === session) return { session, text, asked };
      }
      return false;
    }, { seconds: 15 * SLOW, every: 50 });
  }

  answer({ session, text }, { answer = 'allow', capabilities = 'observe', minutes = 5 } = {}) {
    return this.say('consent', [['session', session], ['question', sha256(text)], ['answer', answer], ['capabilities', capabilities], ['minutes', minutes]]);
  }
}
