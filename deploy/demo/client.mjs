// The gateway's public HTTPS API as a program uses it: one person logged in. TLS is verified against the CA that is given;
// requests carry Origin as a browser's would. Problems (RFC 9457) become ApiProblem.
import https from 'node:https';
import { WebSocket } from 'ws';

export { WebSocket };

export class ApiProblem extends Error {
  constructor(method, path, status, problem) {
    super(`${method} ${path}: ${status} ${problem?.code ?? ''} ${problem?.detail ?? ''}`.trim());
    this.status = status;
    this.code = problem?.code;
    this.detail = problem?.detail;
  }
}

export class Client {
  #cookie = '';
  #agent;

  constructor(origin, ca) {
    this.origin = origin;
    this.ca = ca;
    this.#agent = new https.Agent({ ca, keepAlive: true, maxSockets: 8 });
  }

  close() {
    this.#agent.destroy();
  }

  async login(user, password) {
    this.user = user;
    return this.post('/login', { user, password });
  }

  get(path) {
    return this.request('GET', path);
  }

  post(path, body = {}, headers = {}) {
    return this.request('POST', path, body, headers);
  }

  /** The answer as an object; text when it is not JSON. */
  async request(method, path, body, headers = {}) {
    const answer = await this.raw(method, `/api/v1${path}`, body, headers);
    const isJson = /^application\/([a-z]+\+)?json/.test(answer.headers['content-type'] ?? '');
    const value = isJson && answer.body.length > 0 ? JSON.parse(answer.body.toString()) : answer.body.toString();
    if (answer.status >= 400) throw new ApiProblem(method, path, answer.status, isJson ? value : { detail: value });
    return value;
  }

  /** One exchange as it is: {status, headers, body}. */
  raw(method, path, body, headers = {}) {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const all = { Origin: this.origin, ...(this.#cookie && { Cookie: this.#cookie }), ...headers };
    if (payload) Object.assign(all, { 'Content-Type': 'application/json', 'Content-Length': payload.length });
    return new Promise((resolve, reject) => {
      const request = https.request(this.origin + path, { method, agent: this.#agent, headers: all }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const set = response.headers['set-cookie']?.find((cookie) => cookie.startsWith('__Host-fieldline='));
          if (set) this.#cookie = set.split(';')[0];
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
        });
      });
      request.setTimeout(20000, () => request.destroy(new Error(`${method} ${path}: no answer within 20 s`)));
      request.on('error', reject);
      request.end(payload);
    });
  }

  /** A WebSocket below /api/v1, with the one-time ticket that it needs (`about`: what it is for); resolves when it is open. */
  async socket(path, protocol, { origin = this.origin, ticket, about } = {}) {
    const one = ticket ?? (await this.post('/ws-tickets', about)).ticket;
    const url = `${this.origin.replace(/^http/, 'ws')}/api/v1${path}${path.includes('?') ? '&' : '?'}ticket=${encodeURIComponent(one)}`;
    const ws = new WebSocket(url, protocol, { ca: this.ca, origin, headers: { Cookie: this.#cookie }, perMessageDeflate: false });
    await new Promise((resolve, reject) => {
      ws.once('open', resolve);
      ws.once('error', reject);
      ws.once('unexpected-response', (_, response) => reject(new ApiProblem('GET', path, response.statusCode)));
    });
    ws.removeAllListeners('error');
    ws.on('error', () => {}); // 'close' follows and says it
    return ws;
  }
}
