// What the topics of sessions stand on: an installation of its own with a desk, and sessions that are live.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { waitFor } from '../../deploy/demo/process.mjs';
import { Stack } from '../../deploy/demo/stack.mjs';

/** A gateway that has too much to do (503) is asked again, as it says. */
function patiently(what, ask) {
  return waitFor(what, () => ask().catch((error) => Promise.reject(Object.assign(error, { fatal: error.status !== 503 }))), { seconds: 60, every: 200 });
}

export const PASSWORD = 'correct horse battery staple';

export class SessionRig {
  /** `program`: another gateway than the one that is delivered. */
  static async start({ program } = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'fl-'));
    const rig = new SessionRig(folder, new Stack(folder, { mode: 'release', gateway: { rules: new URL('../integration/packs', import.meta.url).pathname } }));
    if (program) rig.#replaceGateway(program);
    try {
      await rig.#start();
    } catch (error) {
      await rig.stop().catch(() => {});
      throw error;
    }
    return rig;
  }

  constructor(folder, stack) {
    Object.assign(this, { folder, stack });
  }

  #replaceGateway(program) {
    const { place } = this.stack;
    this.stack.gateway.place = Object.assign(Object.create(place), {
      program: (name) => place.program(name === 'fieldline-gateway' ? program : name),
    });
  }

  async #start() {
    const { stack } = this;
    await stack.prepare();
    for (const role of ['support', 'engineer']) await stack.gateway.addUser(role, role, PASSWORD);
    await stack.broker.start();
    await stack.gateway.start();
    this.support = await stack.gateway.login('support', PASSWORD);
    this.engineer = await stack.gateway.login('engineer', PASSWORD);
  }

  /** A real agent, whose owner allows everything. */
  async product(id) {
    const product = await this.stack.addProduct({ id, model: 'test-product', owner: 'hook' });
    await product.answers([]);
    await product.startAgent();
    await product.waitOnline(this.support, 30);
    return product;
  }

  async ticket(device) {
    const { id } = await patiently('a ticket', () => this.support.post('/tickets', { device, subject: 'bench', text: 'bench', severity: 'minor', source: 'phone' }));
    await patiently('its assignment', () => this.support.post(`/tickets/${id}/actions`, { action: 'assign', assignee: 'engineer' }));
    await patiently('its diagnosis', () => this.engineer.post(`/tickets/${id}/actions`, { action: 'diagnose' }));
    return id;
  }

  /** Asks, and waits until the session is live; its id. */
  async live(ticket) {
    const asked = { capabilities: ['shell'], minutes: 30, reason: 'bench' };
    const { id } = await patiently('a session', () => this.engineer.post(`/tickets/${ticket}/sessions`, asked));
    let row;
    await waitFor(`session ${id}`, async () => {
      row = await patiently('its state', () => this.engineer.get(`/sessions/${id}`));
      if (['denied', 'failed', 'ended'].includes(row.state)) throw Object.assign(new Error(`it is ${row.state}: ${row.text}`), { fatal: true });
      return row.state === 'live';
    }, { seconds: 60 });
    return id;
  }

  /** Joined by the engineer, with a terminal. */
  async terminal(id) {
    const session = await patiently('a connection', () => ConsoleSession.join(this.engineer, id));
    await session.call('terminal.open', { cols: 80, rows: 24, term: 'xterm' });
    return session;
  }

  async stop() {
    this.support?.close();
    this.engineer?.close();
    try {
      await this.stack.stop();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}
