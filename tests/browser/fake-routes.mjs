// What the fake gateway answers, a row for each request: method, path, and a function of the gateway and what was asked.
import { ACCESS_ROUTES } from './fake-access.mjs';
import { makeHistory, makeRecording, PEOPLE, SESSION_ENDED } from './fake-data.mjs';

export class Refusal extends Error {
  constructor(status, code, detail) {
    super(detail);
    Object.assign(this, { status, code, detail });
  }
}

const comment = { action: 'comment', to: '', requires: 'text', asks: 'what you want to say' };
const ACTIONS = {
  new: [{ action: 'assign', to: 'assigned', requires: 'assignee', asks: 'who takes it' }, comment],
  assigned: [
    { action: 'diagnose', to: 'diagnosing', requires: '', asks: '' },
    { action: 'assign', to: 'assigned', requires: 'assignee', asks: 'who takes it' },
    comment,
  ],
  diagnosing: [{ action: 'agree_plan', to: 'plan_agreed', requires: 'text', asks: 'what you want to say' }, comment],
  closed: [],
};

function ticketDetail(data, ticket) {
  const { events, report, articles } = data.details.get(ticket.id) ?? { events: [], report: null, articles: [] };
  const actions = ACTIONS[ticket.state] ?? ACTIONS.assigned;
  return {
    ...ticket,
    actions,
    events,
    report,
    articles,
    alarms: data.alarms.filter((a) => a.ticket === ticket.id),
    incident: data.incidents.find((i) => i.ticket === ticket.id && i.id === 3) ?? null,
    sessions: data.sessions.filter((s) => s.ticket === ticket.id),
  };
}

const ALARM_STATES = {
  open: (a) => !a.acknowledged && !a.suppressed,
  acknowledged: (a) => a.acknowledged,
  latched: (a) => a.state === 'latched',
  shelved: (a) => a.shelved !== null,
  suppressed: (a) => a.suppressed !== null && a.suppressed !== 'shelved',
  flapping: (a) => a.flapping,
};

// A row of the list: names of series, and nothing of what they hold.
function evidenceRow({ device, damaged, logs, series, ...row }) {
  return { ...row, series: series.map(({ metric, part }) => ({ metric, part })) };
}

const limit = (query, usual) => Number(query.get('limit') ?? usual);
const RULES = {
  model: 'vaccine-freezer', title: 'Vaccine freezer', title_zh: '疫苗冷藏箱',
  rules: [{ alert: 'AirTemperatureHigh', expr: 'avg_over_time(air_temperature[5m]) > -15', recover_expr: '', for_ms: 600_000, keep_firing_ms: 0, severity: 'critical', ticket: true }],
};
const activation = (id, version, how, who, applied_ms, outcome) => ({ id, version, at_ms: Date.now() - (5 - id) * 3_600_000, applied_ms, how, who, report: '', outcome, kept: true, digest: 'ab'.repeat(32), bytes: 120_000 });
const ACTIVATIONS = [
  activation(3, 3, 'reload', 'SIGHUP', null, "vaccine-freezer/alerts.yaml:12:9: 'expr': there is no function 'avg' (did you mean 'abs'?)"),
  activation(2, 2, 'activate', 'ada', Date.now(), '14 devices: 14 kept what their rules knew, 0 began anew; 0 alarms of rules that are gone cleared'),
  activation(1, 1, 'start', 'gateway', Date.now(), ''),
];
const items = (list) => ({ json: { items: list } });
const summary = ({ id, model, model_title, model_title_zh, serial, firmware, online, last_seen_ms, alarms, worst, tickets_open, troubles }) => ({
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
  troubles,
});

export const ROUTES = [
  ...ACCESS_ROUTES,
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
    ({ data }, { query }) => {
      const state = query.get('state');
      const incident = query.get('incident');
      const found = data.alarms.filter(
        (a) =>
          (!query.get('device') || a.device === query.get('device')) &&
          (!query.get('active') || String(a.active) === query.get('active')) &&
          (!state || (a.active && ALARM_STATES[state](a))) &&
          (!incident || a.incident === Number(incident)),
      );
      return { json: { items: found, next: null } };
    },
  ],
  [
    'POST',
    /^\/alarms\/(\d+)\/acknowledge$/,
    (fake, { id }) => {
      const alarm = fake.find(fake.data.alarms, id, 'alarm');
      alarm.acknowledged = true;
      alarm.acknowledged_by = fake.user.user;
      if (alarm.state === 'active') alarm.state = 'acknowledged';
      fake.notify('alarm', id, alarm.device);
      return { json: alarm };
    },
  ],
  [
    'POST',
    /^\/alarms\/(\d+)\/(shelve)$/,
    (fake, { id, body }) => {
      const alarm = fake.find(fake.data.alarms, id, 'alarm');
      if (!body.reason) throw new Refusal(400, 'bad_input', "'reason' is missing");
      alarm.shelved = { by: fake.user.user, reason: body.reason, from_ms: Date.now(), until_ms: Date.now() + body.minutes * 60_000 };
      alarm.suppressed = 'shelved';
      fake.notify('alarm', id, alarm.device);
      return { json: alarm };
    },
  ],
  [
    'POST',
    /^\/alarms\/(\d+)\/unshelve$/,
    (fake, { id }) => {
      const alarm = fake.find(fake.data.alarms, id, 'alarm');
      if (!alarm.shelved) throw new Refusal(409, 'conflict', 'The alarm is not shelved.');
      Object.assign(alarm, { shelved: null, suppressed: null });
      fake.notify('alarm', id, alarm.device);
      return { json: alarm };
    },
  ],
  [
    'POST',
    /^\/alarms\/(\d+)\/reset$/,
    (fake, { id }) => {
      const alarm = fake.find(fake.data.alarms, id, 'alarm');
      if (alarm.state !== 'latched') throw new Refusal(409, 'conflict', 'It is not latched.');
      Object.assign(alarm, { active: false, state: 'normal', acknowledged: true, acknowledged_by: fake.user.user, cleared_ms: Date.now() });
      fake.notify('alarm', id, alarm.device);
      return { json: alarm };
    },
  ],
  [
    'GET',
    /^\/shelves$/,
    ({ data }) =>
      items(
        data.alarms
          .filter((a) => a.shelved)
          .map(({ id, device, alarm, part, active, shelved }) => ({ device, alarm, part, ...shelved, alarm_id: id, active })),
      ),
  ],
  ['GET', /^\/maintenance$/, ({ data }, { query }) => items(query.get('past') === 'true' ? data.maintenancePast : data.maintenance)],
  [
    'POST',
    /^\/maintenance$/,
    (fake, { body }) => {
      if (body.to_ms <= Date.now()) throw new Refusal(400, 'bad_input', "'to_ms' is in the past");
      const window = {
        id: 7,
        scope: body.scope,
        target: body.target ?? '',
        from_ms: body.from_ms ?? Date.now(),
        to_ms: body.to_ms,
        in_force: (body.from_ms ?? 0) <= Date.now(),
        by: fake.user.user,
        reason: body.reason,
        ended_by: null,
      };
      fake.data.maintenance.push(window);
      fake.notify('maintenance', '7', '');
      return { status: 201, json: window };
    },
  ],
  [
    'POST',
    /^\/maintenance\/(\d+)\/end$/,
    (fake, { id }) => {
      const window = fake.find(fake.data.maintenance, id, 'maintenance window');
      fake.data.maintenance.splice(fake.data.maintenance.indexOf(window), 1);
      Object.assign(window, { to_ms: Date.now(), in_force: false, ended_by: fake.user.user });
      fake.data.maintenancePast.unshift(window);
      return { json: window };
    },
  ],
  ['GET', /^\/incidents$/, ({ data }) => ({ json: { items: data.incidents, next: null } })],
  ['GET', /^\/incidents\/(\d+)$/, (fake, { id }) => ({ json: fake.find(fake.data.incidents, id, 'incident') })],
  [
    'GET',
    /^\/devices\/([^/]+)\/pending$/,
    (_, { id }) =>
      items(id === 'freezer-7' ? [{ alarm: 'frost', part: '', severity: 'warning', since_ms: Date.now() - 120_000, for_ms: 600_000, value: 3.5 }] : []),
  ],
  [
    'POST',
    /^\/devices\/([^/]+)\/location$/,
    (fake, { id, body }) => {
      const device = fake.find(fake.data.devices, id, 'device');
      device.location = { ...device.location, site: body.site || null, parent: body.parent || null };
      fake.notify('device', id, id);
      return { json: { site: device.location.site, parent: device.location.parent } };
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
      return { json: ticketDetail(fake.data, ticket), etag: `"${ticket.version}"` };
    },
  ],
  ['GET', /^\/tickets\/(\d+)\/evidence$/, ({ data }, { id }) => items(data.evidence.filter((e) => e.ticket === Number(id)).map(evidenceRow))],
  ['GET', /^\/evidence\/(\d+)$/, (fake, { id }) => ({ json: fake.find(fake.data.evidence, id, 'evidence') })],
  [
    'POST',
    /^\/tickets\/(\d+)\/actions$/,
    (fake, { id, body, headers }) => {
      const ticket = fake.find(fake.data.tickets, id, 'ticket');
      if (headers['if-match'] !== `"${ticket.version}"`) throw new Refusal(409, 'version', `The ticket is at version ${ticket.version}.`);
      const action = ticketDetail(fake.data, ticket).actions.find((one) => one.action === body.action);
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
    'POST',
    /^\/sessions\/([^/]+)\/hold$/,
    (fake, { id, body }) => {
      const { recording } = fake.find(fake.data.sessions, id, 'session');
      Object.assign(recording, { held_by: fake.user.user, held_ms: 1, hold_reason: body.reason });
      return { json: {} };
    },
  ],
  [
    'POST',
    /^\/sessions\/([^/]+)\/release$/,
    (fake, { id }) => {
      Object.assign(fake.find(fake.data.sessions, id, 'session').recording, { held_by: null, held_ms: 0, hold_reason: '' });
      return { json: {} };
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
    /^\/sessions\/([^/]+)\/report$/,
    (fake, { id }) => {
      const report = [...fake.data.details.values()].map((ticket) => ticket.report).find((one) => one?.session === id);
      if (!report) throw new Refusal(404, 'not_found', 'there is no such report');
      return { json: { ...report, findings: fake.data.findings?.filter((one) => one.session === id) ?? [] } };
    },
  ],
  [
    'POST',
    /^\/sessions\/([^/]+)\/findings$/,
    (fake, { id, body }) => {
      fake.data.findings = [...(fake.data.findings ?? []), { session: id, at_ms: Date.now(), by: fake.user.user, text: body.text }];
      return { status: 201 };
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
  ['GET', /^\/rules$/, () => items([RULES])],
  ['GET', /^\/rules\/versions$/, () => items(ACTIVATIONS)],
  ['GET', /^\/rules\/files$/, () => ({ json: { version: 2, items: [{ path: `${RULES.model}/alerts.yaml`, text: '# A door left open warms slowly.\ngroups: []\n' }] } })],
  ['GET', /^\/rules\/trial$/, () => ({ json: { sound: true, problems: '', changed: true, tickets: 3, devices: 9, samples: 540000, appear: 2, vanish: 1, stay: 1, report: 'would have opened 3 tickets on 2 devices in 7 days' } })],
  ['POST', /^\/rules\/(reload|revert)$/, () => ({ json: { changed: true, version: 1 } })],
];
ROUTES.unshift([
  'GET',
  /^\/sessions\/search$/,
  ({ user }, { query }) => {
    if (user.role === 'owner') throw new Refusal(403, 'denied', 'the role owner may not do this');
    const word = (query.get('q') ?? '').toLowerCase();
    const found = searchHits(SESSION_ENDED)
      .filter((hit) => !query.get('session') || hit.session === query.get('session'))
      .filter((hit) => !query.get('kind') || hit.kind === query.get('kind'))
      .filter((hit) => hit.text.toLowerCase().includes(word))
      .map(({ text, ...hit }) => ({ ...hit, excerpt: marked(text, word) }));
    return { json: { items: found, next: null } };
  },
]);
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

/** What the gateway would find in SESSION_ENDED's recording. */
function searchHits(session) {
  const hit = (id, t_ms, n, author, kind, text) => ({ id, session, device: 'freezer-7', ticket: 41, at_ms: Date.now() - 3_540_000 + t_ms, t_ms, n, author, kind, text });
  return [
    hit(3, 61_000, 33, 'freezer-7', 'diagnostic', 'air -12.4'),
    hit(2, 5_050, 30, 'freezer-7', 'screen', 'air -12.4 C  superheat 15 K'),
    hit(1, 5_000, 29, 'ann', 'typed', 'sensors --once'),
  ];
}

function marked(text, word) {
  const at = text.toLowerCase().indexOf(word);
  return [
    { text: text.slice(0, at), hit: false },
    { text: text.slice(at, at + word.length), hit: true },
    { text: text.slice(at + word.length), hit: false },
  ].filter((piece) => piece.text !== '');
}
