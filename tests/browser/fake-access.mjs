// The fake gateway's part of who may have sessions: rows of fake-routes.mjs, and the few things they keep.
import { SESSION_ASKING } from './fake-data.mjs';
import { Refusal } from './fake-routes.mjs';

const YEAR_MS = 365 * 24 * 3_600_000;
/** What every session says besides. */
export const ORDINARY = {
  needs_approval: false,
  approved_by: null,
  approved_ms: null,
  approval_text: '',
  needs_moderator: false,
  emergency: false,
  contract: null,
  wants_review: false,
  review: null,
};
const states = new WeakMap();
function stateOf(fake) {
  if (!states.has(fake))
    states.set(fake, {
      kills: [],
      lifted: [],
      // what sessions would need; a test may change it
      terms: { emergency: false, contract: null, max_minutes: 60 },
      approval: [],
      qualifications: [
        { id: 1, user: 'ann', model: '*', capabilities: ['observe', 'diagnose', 'shell'], emergency: false, from_ms: 0, until_ms: Date.now() + YEAR_MS, given_by: 'sun', given_ms: 0, valid: true, revoked_by: null },
      ],
      contracts: [
        { scope: 'site', target: 'ward-2', customer: 'Polar AG', until_ms: Date.now() + YEAR_MS, capabilities: ['observe', 'diagnose'], valid: true, set_by: 'sun', set_ms: 0 },
        { scope: 'device', target: 'freezer-8', customer: 'Polar AG', until_ms: 1, capabilities: [], valid: false, set_by: 'operator', set_ms: 0 },
      ],
    });
  return states.get(fake);
}
export { stateOf as accessOf };

const items = (list) => ({ json: { items: list } });
const waits = { approval: (s) => s.state === 'awaiting_approval', review: (s) => s.wants_review };
const supervisorsOnly = (fake) => {
  if (fake.user.role !== 'supervisor') throw new Refusal(403, 'denied', `the role ${fake.user.role} may not do this`);
};

function waiting(fake, id) {
  const session = fake.find(fake.data.sessions, id, 'session');
  if (session.state !== 'awaiting_approval') throw new Refusal(409, 'conflict', 'nobody waits for an approval');
  if (session.engineer === fake.user.user) throw new Refusal(403, 'denied', 'somebody else has to approve it');
  return session;
}

function asked(fake, id, body, more) {
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
    ...ORDINARY,
    frames: 0,
    digest: null,
    countersigned: false,
    complete: false,
    recording: { state: 'none', held_by: null, held_ms: 0, hold_reason: '', removed_ms: null },
    ...more,
  };
  fake.data.sessions.unshift(session);
  fake.notify('session', session.id, session.device);
  return { status: 201, json: session };
}

export const ACCESS_ROUTES = [
  [
    'GET',
    /^\/access$/,
    (fake) => ({
      json: {
        awaiting_approval: fake.data.sessions.filter(waits.approval).length,
        unreviewed: fake.data.sessions.filter(waits.review).length,
        kills: stateOf(fake).kills,
      },
    }),
  ],
  [
    'GET',
    /^\/devices\/([^/]+)\/session-terms$/,
    (fake, { id }) => {
      const { terms, approval } = stateOf(fake);
      const { capabilities } = fake.find(fake.data.devices, id, 'device');
      const term = (capability) => ({ capability, may: true, why_not: '', approval: approval.includes(capability), moderator: false, max_minutes: terms.max_minutes });
      return { json: { ...terms, capabilities: capabilities.map(term) } };
    },
  ],
  [
    'POST',
    /^\/tickets\/(\d+)\/sessions$/,
    (fake, { id, body }) => {
      if (stateOf(fake).kills.length > 0) throw new Refusal(409, 'conflict', 'the kill switch is on, so nobody may');
      const needs = body.capabilities.some((one) => stateOf(fake).approval.includes(one));
      return asked(fake, id, body, needs ? { state: 'awaiting_approval', needs_approval: true } : {});
    },
  ],
  [
    'POST',
    /^\/tickets\/(\d+)\/emergency$/,
    (fake, { id, body }) => {
      if (body.password !== fake.user.password) throw new Refusal(403, 'wrong_password', 'the password is wrong');
      return asked(fake, id, body, { emergency: true });
    },
  ],
  ['GET', /^\/sessions$/, ({ data }, { query }) => items(data.sessions.filter((s) => (!query.get('device') || s.device === query.get('device')) && (!query.get('waits') || waits[query.get('waits')](s))))],
  [
    'POST',
    /^\/sessions\/([^/]+)\/approve$/,
    (fake, { id, body }) => {
      const session = waiting(fake, id);
      fake.settle(session, { state: 'asking', approved_by: fake.user.user, approved_ms: Date.now(), approval_text: body.text ?? '' });
      return { json: session };
    },
  ],
  [
    'POST',
    /^\/sessions\/([^/]+)\/refuse$/,
    (fake, { id, body }) => {
      const session = waiting(fake, id);
      if (!body.text) throw new Refusal(400, 'bad_input', "'text' is missing: who asked is told why not");
      fake.settle(session, { state: 'denied', why: 'not_approved', text: `${fake.user.user} did not approve it: ${body.text}`, ended_ms: Date.now() });
      return { json: session };
    },
  ],
  [
    'POST',
    /^\/sessions\/([^/]+)\/review$/,
    (fake, { id, body }) => {
      supervisorsOnly(fake);
      const session = fake.find(fake.data.sessions, id, 'session');
      if (!body.text) throw new Refusal(400, 'bad_input', "'text' is missing: a review says why");
      fake.settle(session, { wants_review: false, review: { justified: body.verdict === 'justified', by: fake.user.user, at_ms: Date.now(), text: body.text } });
      return { json: session };
    },
  ],
  ['GET', /^\/people$/, () => items([{ user: 'ann', name: 'Ann Miller', role: 'engineer', disabled: false }, { user: 'sun', name: '孙丽', role: 'supervisor', disabled: false }])],
  ['GET', /^\/qualifications$/, (fake) => items(stateOf(fake).qualifications)],
  [
    'POST',
    /^\/qualifications$/,
    (fake, { body }) => {
      supervisorsOnly(fake);
      const given = { id: stateOf(fake).qualifications.length + 1, emergency: false, from_ms: Date.now(), given_by: fake.user.user, given_ms: Date.now(), valid: true, revoked_by: null, ...body };
      stateOf(fake).qualifications.unshift(given);
      return { status: 201, json: given };
    },
  ],
  [
    'POST',
    /^\/qualifications\/(\d+)\/revoke$/,
    (fake, { id }) => {
      const q = stateOf(fake).qualifications.find((one) => one.id === Number(id));
      return { json: Object.assign(q, { valid: false, revoked_by: fake.user.user }) };
    },
  ],
  ['GET', /^\/contracts$/, (fake, { query }) => items(stateOf(fake).contracts.filter((one) => one.scope === (query.get('scope') ?? 'site')))],
  [
    'POST',
    /^\/contracts$/,
    (fake, { body }) => {
      const set = { valid: true, set_by: fake.user.user, set_ms: Date.now(), ...body };
      stateOf(fake).contracts.push(set);
      return { json: set };
    },
  ],
  ['GET', /^\/kill$/, (fake, { query }) => items(query.get('past') ? stateOf(fake).lifted : stateOf(fake).kills)],
  [
    'POST',
    /^\/kill$/,
    (fake, { body }) => {
      supervisorsOnly(fake);
      const kill = { id: 1 + stateOf(fake).kills.length + stateOf(fake).lifted.length, target: '', ...body, by: fake.user.user, at_ms: Date.now(), lifted_by: null, lifted_ms: null };
      stateOf(fake).kills.unshift(kill);
      fake.notify('kill', `${kill.id}`);
      return { status: 201, json: kill };
    },
  ],
  [
    'POST',
    /^\/kill\/(\d+)\/lift$/,
    (fake, { id }) => {
      const state = stateOf(fake);
      const kill = state.kills.find((one) => one.id === Number(id));
      if (!kill) throw new Refusal(409, 'conflict', 'It was lifted already.');
      state.kills = state.kills.filter((one) => one !== kill);
      state.lifted.unshift(Object.assign(kill, { lifted_by: fake.user.user, lifted_ms: Date.now() }));
      fake.notify('kill', id);
      return { json: kill };
    },
  ],
];
