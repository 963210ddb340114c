// What a service desk does around a session, for the session tests.
import { readFile, readdir, readlink } from 'node:fs/promises';
import { SLOW, waitFor } from './stack.mjs';

/** A ticket that the engineer is diagnosing. */
export async function openTicket(support, engineer, device) {
  const ticket = await support.post('/tickets', { device, subject: 'It makes a noise', text: 'called in', severity: 'minor', source: 'phone' });
  await support.post(`/tickets/${ticket.id}/actions`, { action: 'assign', assignee: 'engineer' });
  return engineer.post(`/tickets/${ticket.id}/actions`, { action: 'diagnose' });
}

export function ask(engineer, ticket, capabilities, { minutes = 10, reason = 'look for the noise' } = {}) {
  return engineer.post(`/tickets/${ticket.id}/sessions`, { capabilities, minutes, reason });
}

/** Until the session is in one of these states. */
export function waitState(client, id, states, seconds = 20) {
  let last;
  return waitFor(`session ${id} to be ${states.join(' or ')}`, async () => {
    last = await client.get(`/sessions/${id}`);
    return states.includes(last.state) && last;
  }, { seconds: seconds * SLOW, seen: () => JSON.stringify(last) });
}

/** Until the session is over, its recording is sealed and its report is in the ticket. */
export async function waitReport(client, ticket, id, seconds = 20) {
  await waitState(client, id, ['ended', 'failed'], seconds);
  return waitFor(`the report of session ${id}`, async () => {
    const detail = await client.get(`/tickets/${ticket.id}`);
    return detail.report?.session === id && detail;
  }, { seconds: seconds * SLOW });
}

export async function isAlive(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) [ZX] /.test(stat);
}

/** Session processes that this product's agent has started: they keep its working directory. */
export async function sessionProcesses(product) {
  const found = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (cwd === product.folder && command.includes('fieldline-session')) found.push(Number(pid));
  }
  return found;
}

/** Parent process id. */
export async function parentOf(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
