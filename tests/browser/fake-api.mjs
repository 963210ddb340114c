// A gateway for developing the console and for states that are hard to reach with the real one: errors, an empty database, a
// gateway that dies. It serves build/console under the strictest policy that the console needs, so a page that breaks it is
// seen here. Not a gateway: it checks no rights beyond "is logged in", and forgets everything.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { makeData, makeHistory, makeRecording, PEOPLE, SESSION_ASKING, SESSION_ENDED } from './fake-data.mjs';
import { FakeSession } from './fake-session.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const CONSOLE = process.env.FIELDLINE_CONSOLE_OUT ?? join(ROOT, 'build/console');
const POLICY =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain; charset=utf-8',
};

export class Refusal extends Error {
    constructor(status, code, detail) {
        super(detail);
        Object.assign(this, { status, code, detail });
    }
}

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
            if (url.pathname === '/healthz') return response.end('ok\n');
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
    ticketDetail(ticket) {
        const { events, report, articles } = this.data.details.get(ticket.id) ?? { events: [], report: null, articles: [] };
        const actions = ACTIONS[ticket.state] ?? ACTIONS.assigned;
        return {
            ...ticket,
            actions,
            events,
            report,
            articles,
            alarms: this.data.alarms.filter((a) => a.ticket === ticket.id),
            sessions: this.data.sessions.filter((s) => s.ticket === ticket.id),
        };
    }
    /** The product's answer to a request for a session. */
    settle(session, more) {
        Object.assign(session, more);
        this.notify('session', session.id, session.device);
    }
}

const comment = { action: 'comment', to: '', requires: 'text' };
const ACTIONS = {
    new: [{ action: 'assign', to: 'assigned', requires: 'assignee' }, comment],
    assigned: [{ action: 'diagnose', to: 'diagnosing', requires: '' }, { action: 'assign', to: 'assigned', requires: 'assignee' }, comment],
    diagnosing: [{ action: 'agree_plan', to: 'plan_agreed', requires: 'text' }, comment],
    closed: [],
};

async function readBody(request) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}

const limit = (query, usual) => Number(query.get('limit') ?? usual);
const items = (list) => ({ json: { items: list } });
const summary = ({ id, model, model_title, model_title_zh, serial, firmware, online, last_seen_ms, alarms, worst, tickets_open }) => ({
    id,
    model,
    model_title,
    model_title_zh,
    serial,
    firmware,
    online,
    last_seen_ms,
    alarms,
    worst,
    tickets_open,
});

const ROUTES = [
    [
        'POST',
        /^\/login$/,
        (fake, { body }) => {
            const person = PEOPLE[body.user];
            if (person?.password !== body.password) throw new Refusal(401, 'wrong_login', 'User or password is wrong.');
            fake.user = person;
            return me(fake);
        },
    ],
    [
        'POST',
        /^\/logout$/,
        (fake) => {
            fake.user = undefined;
            return { status: 204 };
        },
    ],
    ['GET', /^\/me$/, (fake) => me(fake)],
    ['POST', /^\/ws-tickets$/, () => ({ json: { ticket: 'x'.repeat(43) } })],
    [
        'GET',
        /^\/overview$/,
        ({ data }) => {
            const active = data.alarms.filter((a) => a.active);
            const count = (severity) => active.filter((a) => a.severity === severity).length;
            return {
                json: {
                    devices: data.devices.length,
                    online: data.devices.filter((d) => d.online).length,
                    alarms: { critical: count('critical'), major: count('major'), minor: count('minor'), warning: count('warning') },
                    tickets_open: data.tickets.filter((t) => t.state !== 'closed').length,
                    sessions_live: data.sessions.filter((s) => s.state === 'live').length,
                    quarantined: data.quarantine.length,
                },
            };
        },
    ],
    [
        'GET',
        /^\/devices$/,
        ({ data }, { query }) => {
            const q = (query.get('q') ?? '').toLowerCase();
            const found = data.devices.filter((d) => `${d.id} ${d.model_title} ${d.model_title_zh} ${d.serial}`.toLowerCase().includes(q));
            const start = query.get('after') ? found.findIndex((d) => d.id === query.get('after')) + 1 : 0;
            const page = found.slice(start, start + limit(query, 100));
            return { json: { items: page.map(summary), next: start + page.length < found.length ? page.at(-1).id : null } };
        },
    ],
    ['GET', /^\/devices\/([^/]+)$/, (fake, { id }) => ({ json: fake.find(fake.data.devices, id, 'device') })],
    [
        'GET',
        /^\/devices\/([^/]+)\/history$/,
        (fake, { id, query }) => {
            const device = fake.find(fake.data.devices, id, 'device');
            const unit = device.metrics.find((m) => m.name === query.get('metric'))?.unit ?? '';
            return {
                json: makeHistory(
                    query.get('metric'),
                    query.get('part') ?? '',
                    Number(query.get('from_ms')),
                    Number(query.get('to_ms')),
                    Number(query.get('points')),
                    unit,
                ),
            };
        },
    ],
    [
        'GET',
        /^\/devices\/([^/]+)\/logs$/,
        ({ data }, { query }) => {
            const most = Number(query.get('severity') ?? 7);
            const before = Number(query.get('before_ms') ?? Infinity);
            const q = (query.get('q') ?? '').toLowerCase();
            return items(
                data.logs.filter((l) => l.severity <= most && l.t < before && l.text.toLowerCase().includes(q)).slice(0, limit(query, 200)),
            );
        },
    ],
    [
        'GET',
        /^\/alarms$/,
        ({ data }, { query }) =>
            items(
                data.alarms.filter(
                    (a) => (!query.get('device') || a.device === query.get('device')) && (query.get('active') !== 'true' || a.active),
                ),
            ),
    ],
    [
        'POST',
        /^\/alarms\/(\d+)\/acknowledge$/,
        (fake, { id }) => {
            const alarm = fake.find(fake.data.alarms, id, 'alarm');
            alarm.acknowledged = true;
            fake.notify('alarm', id, alarm.device);
            return { json: alarm };
        },
    ],
    [
        'GET',
        /^\/tickets$/,
        ({ data }, { query }) => {
            const state = query.get('state');
            const q = (query.get('q') ?? '').toLowerCase();
            const found = data.tickets.filter(
                (t) =>
                    (!state || (state === 'open' ? t.state !== 'closed' : t.state === state)) &&
                    (!query.get('device') || t.device === query.get('device')) &&
                    t.subject.toLowerCase().includes(q) &&
                    t.id < Number(query.get('before') ?? Infinity),
            );
            return { json: { items: found, next: null } };
        },
    ],
    [
        'POST',
        /^\/tickets$/,
        (fake, { body }) => {
            const ticket = {
                ...fake.data.tickets[0],
                ...body,
                id: 43,
                version: 1,
                state: 'new',
                assignee: null,
                opened_ms: Date.now(),
                updated_ms: Date.now(),
                alarm_active: false,
                repeats: 0,
            };
            delete ticket.text;
            fake.data.tickets.unshift(ticket);
            return { status: 201, json: ticket };
        },
    ],
    [
        'GET',
        /^\/tickets\/(\d+)$/,
        (fake, { id }) => {
            const ticket = fake.find(fake.data.tickets, id, 'ticket');
            return { json: fake.ticketDetail(ticket), etag: `"${ticket.version}"` };
        },
    ],
    [
        'POST',
        /^\/tickets\/(\d+)\/actions$/,
        (fake, { id, body, headers }) => {
            const ticket = fake.find(fake.data.tickets, id, 'ticket');
            if (headers['if-match'] !== `"${ticket.version}"`)
                throw new Refusal(409, 'version', `The ticket is at version ${ticket.version}.`);
            const action = fake.ticketDetail(ticket).actions.find((one) => one.action === body.action);
            if (!action) throw new Refusal(409, 'state', `A ticket in state ${ticket.state} cannot ${body.action}.`);
            if (action.requires && !body[action.requires]) throw new Refusal(400, 'missing', `${action.requires} is required.`);
            const events = fake.data.details.get(ticket.id).events;
            events.push({
                id: events.length + 1,
                at_ms: Date.now(),
                by: fake.user.user,
                kind: body.action === 'comment' ? 'comment' : 'state',
                from: ticket.state,
                to: action.to,
                text: body.text ?? '',
                data: null,
            });
            ticket.version++;
            if (action.to) ticket.state = action.to;
            if (body.assignee) ticket.assignee = body.assignee;
            fake.notify('ticket', id, ticket.device);
            return { json: ticket };
        },
    ],
    [
        'POST',
        /^\/tickets\/(\d+)\/sessions$/,
        (fake, { id, body }) => {
            const ticket = fake.find(fake.data.tickets, id, 'ticket');
            const session = {
                id: SESSION_ASKING,
                ticket: ticket.id,
                device: ticket.device,
                engineer: fake.user.user,
                reason: body.reason,
                capabilities: body.capabilities,
                state: 'asking',
                why: '',
                text: '',
                requested_ms: Date.now(),
                started_ms: null,
                ended_ms: null,
                deadline_ms: null,
                consent: null,
                frames: 0,
                digest: null,
                countersigned: false,
                complete: false,
            };
            fake.data.sessions.unshift(session);
            return { status: 201, json: session };
        },
    ],
    [
        'GET',
        /^\/sessions$/,
        ({ data }, { query }) => items(data.sessions.filter((s) => !query.get('device') || s.device === query.get('device'))),
    ],
    ['GET', /^\/sessions\/([^/]+)$/, (fake, { id }) => ({ json: fake.find(fake.data.sessions, id, 'session') })],
    [
        'POST',
        /^\/sessions\/([^/]+)\/consent$/,
        (fake, { id, body }) => {
            const session = fake.find(fake.data.sessions, id, 'session');
            if (session.state !== 'code_required') throw new Refusal(409, 'state', 'This session needs no code.');
            if (body.code !== '4711') fake.settle(session, { text: 'The code was wrong; 2 tries are left.' });
            else fake.settle(session, { state: 'live', text: '', started_ms: Date.now(), deadline_ms: Date.now() + 1_800_000 });
            return { status: 202 };
        },
    ],
    [
        'POST',
        /^\/sessions\/([^/]+)\/end$/,
        (fake, { id, body }) => {
            const session = fake.find(fake.data.sessions, id, 'session');
            if (session.ended_ms !== null) throw new Refusal(409, 'state', 'The session is over.');
            const isLive = session.state === 'live';
            fake.settle(session, {
                state: isLive ? 'ended' : 'denied',
                why: isLive ? 'ended_by_engineer' : 'withdrawn',
                text: body.reason ?? '',
                ended_ms: Date.now(),
                complete: isLive,
            });
            for (const leg of fake.legs) leg.socket.close(1000, 'ended_by_engineer');
            return { status: 202 };
        },
    ],
    [
        'GET',
        /^\/sessions\/([^/]+)\/(?:cast|transcript|seal)$/,
        () => {
            throw new Refusal(404, 'not_found', 'Nothing was recorded.');
        },
    ],
    [
        'GET',
        /^\/sessions\/([^/]+)\/verify$/,
        () => ({ json: { ok: true, text: 'Every frame is there, in order and unchanged.', frames: 40, countersigned: true } }),
    ],
    [
        'GET',
        /^\/audit$/,
        ({ data, user }, { query }) => {
            if (!['supervisor', 'administrator', 'auditor'].includes(user.role))
                throw new Refusal(403, 'role', 'The audit log is for supervisors, administrators and auditors.');
            return items(data.audit.filter((e) => e.id < Number(query.get('before') ?? Infinity)).slice(0, limit(query, 200)));
        },
    ],
    [
        'GET',
        /^\/quarantine$/,
        ({ data }, { query }) => items(data.quarantine.filter((e) => !query.get('device') || e.device === query.get('device'))),
    ],
    ['GET', /^\/models$/, () => items([])],
];
for (const [what, type] of [
    ['cast', 'application/x-asciicast'],
    ['transcript', 'application/jsonl'],
    ['seal', 'application/json'],
]) {
    const recorded = new RegExp(`^/sessions/(${SESSION_ENDED})/${what}$`);
    ROUTES.unshift(['GET', recorded, (_, { id }) => ({ text: what === 'seal' ? '{}' : makeRecording(id)[what], type })]);
}

function me({ user: { user, name, role } }) {
    return { json: { user, name, role } };
}
