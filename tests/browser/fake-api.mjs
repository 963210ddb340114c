// A gateway for developing the console and for states that are hard to reach with the real one: errors, an empty database, a
// gateway that dies. It serves build/console under the strictest policy that the console needs, so a page that breaks it is
// seen here. Not a gateway: it checks no rights beyond "is logged in", and forgets everything.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { makeData, PEOPLE } from './fake-data.mjs';
import { Refusal, ROUTES } from './fake-routes.mjs';
import { FakeSession } from './fake-session.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const CONSOLE = process.env.FIELDLINE_CONSOLE_OUT ?? join(ROOT, 'build/console');
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

export async function startFake(options = {}) {
  const fake = new FakeGateway(options);
  await fake.listen(options.port ?? 0);
  return fake;
}

class FakeGateway {
  constructor({ empty = false, user = undefined } = {}) {
    this.data = makeData({ empty });
    this.user = user && PEOPLE[user]; // logged in from the start
    this.rules = []; // {path: RegExp, method?, status, code, detail}: answered with that problem
    this.health = { status: 'ok', live: true, ready: true, reasons: [] };
    this.requests = [];
    this.legs = [];
    this.live = new Set();
  }

  async listen(port) {
    this.server = createServer((request, response) => void this.answer(request, response));
    this.sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] });
    this.server.on('upgrade', (request, socket, head) =>
      this.sockets.handleUpgrade(request, socket, head, (ws) => this.upgraded(ws, request)),
    );
    this.connections = new Set();
    this.server.on('connection', (socket) => {
      this.connections.add(socket);
      socket.once('close', () => this.connections.delete(socket));
    });
    await new Promise((done) => this.server.listen(port, '127.0.0.1', done));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  /** As SIGKILL would: every connection breaks, nobody listens. */
  async die() {
    for (const socket of this.connections) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }
  async rise() {
    await this.listen(this.port);
  }
  async close() {
    if (this.server.listening) await this.die();
  }

  /** Every request that matches is refused so, until the returned function is called. */
  refuse(path, status, code, detail, method) {
    const rule = { path, status, code, detail, method };
    this.rules.push(rule);
    return () => {
      this.rules = this.rules.filter((one) => one !== rule);
    };
  }
  notify(kind, id, device = '') {
    for (const ws of this.live) ws.send(JSON.stringify({ kind, id: String(id), device }));
  }

  upgraded(ws, request) {
    const path = new URL(request.url, this.url).pathname;
    if (path === '/api/v1/live') {
      this.live.add(ws);
      ws.on('close', () => this.live.delete(ws));
      return;
    }
    const session = this.data.sessions.find((one) => path === `/api/v1/sessions/${one.id}/ws`);
    if (!session) ws.close(1008, 'no such session');
    else this.legs.push(new FakeSession(ws, { session, mayType: this.user?.user === session.engineer }));
  }

  async answer(request, response) {
    const url = new URL(request.url, this.url);
    try {
      if (url.pathname === '/healthz') return this.send(response, { status: this.health.ready ? 200 : 503, json: this.health });
      if (!url.pathname.startsWith('/api/v1/')) return await this.file(url.pathname, response);
      const path = url.pathname.slice('/api/v1'.length);
      const body = await readBody(request);
      this.requests.push({ method: request.method, path, query: url.search, body, ifMatch: request.headers['if-match'] });
      const rule = this.rules.find((one) => one.path.test(path) && (!one.method || one.method === request.method));
      if (rule) throw new Refusal(rule.status, rule.code, rule.detail);
      if (!this.user && path !== '/login') throw new Refusal(401, 'not_logged_in', 'Log in first.');
      const result = this.route(request.method, path, url.searchParams, body, request.headers);
      this.send(response, result);
    } catch (error) {
      const status = error.status ?? 500;
      const problem = {
        type: 'about:blank',
        title: 'Problem',
        status,
        code: error.code ?? 'internal',
        detail: error.detail ?? String(error.message),
      };
      response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify(problem));
    }
    return undefined;
  }

  send(response, { status = 200, json, text, type = 'application/json', etag }) {
    const headers = { 'Content-Type': type, 'Cache-Control': 'no-store', Date: new Date().toUTCString() };
    if (etag) headers.ETag = etag;
    response.writeHead(status, headers).end(text ?? (json === undefined ? undefined : JSON.stringify(json)));
  }

  async file(path, response) {
    const wanted = normalize(join(CONSOLE, path));
    const isFile = extname(path) !== '' && wanted.startsWith(CONSOLE);
    try {
      const name = isFile ? wanted : join(CONSOLE, 'index.html');
      const zipped = await readFile(`${name}.gz`);
      response
        .writeHead(200, {
          'Content-Type': TYPES[extname(name)],
          'Content-Encoding': 'gzip',
          'Content-Security-Policy': POLICY,
          'X-Content-Type-Options': 'nosniff',
        })
        .end(zipped);
    } catch {
      response.writeHead(404).end();
    }
  }

  route(method, path, query, body, headers) {
    for (const [verb, pattern, handle] of ROUTES) {
      const found = verb === method && pattern.exec(path);
      if (found) return handle(this, { id: found[1], query, body, headers });
    }
    throw new Refusal(404, 'not_found', `There is no ${method} ${path}.`);
  }

  find(list, id, what) {
    const found = list.find((one) => String(one.id) === id);
    if (!found) throw new Refusal(404, 'not_found', `There is no ${what} ${id}.`);
    return found;
  }
  /** The product's answer to a request for a session. */
  settle(session, more) {
    Object.assign(session, more);
    this.notify('session', session.id, session.device);
  }
}

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}
