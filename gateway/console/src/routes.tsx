// Every page as a row: its address, its title, its place in the menu, who sees it there, and the code that draws it. Pages
// with a heavy library (charts, terminal, player, Markdown) and those few people open come in files of their own.
import type { ComponentType } from 'preact';
import { my_role_is } from './api/me';
import type { Role } from './api/types';
import type { Word } from './words/words';
import { Fleet } from './pages/fleet';
import { Tickets } from './pages/tickets';
import { Today } from './pages/today';

export interface PageProps {
  id: string; // of the address, "" where it has none
}
export interface Route {
  pattern: string;
  title: Word;
  key?: string; // g and this letter; only pages in the menu have one
  roles?: Role[]; // empty: everybody
  page?: ComponentType<PageProps>;
  load?: () => Promise<ComponentType<PageProps>>;
}

export const ROUTES: Route[] = [
  { pattern: '/', title: 'nav.today', key: 'd', page: Today },
  { pattern: '/fleet', title: 'nav.fleet', key: 'f', page: Fleet },
  { pattern: '/alarms', title: 'nav.alarms', key: 'l', load: async () => (await import('./pages/alarms')).Alarms },
  { pattern: '/tickets', title: 'nav.tickets', key: 't', page: Tickets },
  { pattern: '/sessions', title: 'nav.sessions', key: 's', load: async () => (await import('./pages/sessions')).Sessions },
  {
    pattern: '/search',
    title: 'nav.search',
    key: 'h',
    roles: ['engineer', 'support', 'supervisor', 'administrator', 'auditor'],
    load: async () => (await import('./pages/session_search')).SessionSearch,
  },
  {
    pattern: '/approvals',
    title: 'nav.approvals',
    key: 'p',
    roles: ['engineer', 'supervisor'],
    load: async () => (await import('./pages/approvals')).Approvals,
  },
  {
    pattern: '/people',
    title: 'nav.access',
    key: 'c',
    roles: ['supervisor', 'administrator', 'auditor'],
    load: async () => (await import('./pages/people')).People,
  },
  { pattern: '/contracts', title: 'nav.contracts', load: async () => (await import('./pages/contracts')).Contracts },
  { pattern: '/kill', title: 'nav.kill', load: async () => (await import('./pages/kill')).KillPage },
  {
    pattern: '/audit',
    title: 'nav.audit',
    key: 'a',
    roles: ['supervisor', 'administrator', 'auditor'],
    load: async () => (await import('./pages/audit')).Audit,
  },
  {
    pattern: '/rules',
    title: 'nav.rules',
    key: 'r',
    roles: ['engineer', 'support', 'supervisor', 'administrator', 'auditor'],
    load: async () => (await import('./pages/rules')).Rules,
  },
  { pattern: '/quarantine', title: 'nav.quarantine', key: 'q', load: async () => (await import('./pages/quarantine')).Quarantine },
  { pattern: '/alarms/silent', title: 'nav.silent', load: async () => (await import('./pages/silent')).Silent },
  { pattern: '/alarms/incidents', title: 'nav.incidents', load: async () => (await import('./pages/incidents')).Incidents },
  { pattern: '/alarms/incidents/:id', title: 'incident.title', load: async () => (await import('./pages/incidents')).IncidentPage },
  { pattern: '/devices/:id', title: 'device.device', load: async () => (await import('./pages/device')).DevicePage },
  { pattern: '/tickets/:id', title: 'ticket.ticket', load: async () => (await import('./pages/ticket')).TicketPage },
  {
    pattern: '/jobs',
    title: 'nav.jobs',
    key: 'j',
    roles: ['engineer', 'support', 'supervisor', 'administrator', 'auditor'],
    load: async () => (await import('./pages/jobs')).Jobs,
  },
  { pattern: '/jobs/:id', title: 'nav.jobs', load: async () => (await import('./pages/job')).JobPage },
  { pattern: '/sessions/:id', title: 'session.session', load: async () => (await import('./pages/session')).SessionPage },
  { pattern: '/sessions/:id/replay', title: 'session.replay', load: async () => (await import('./pages/replay')).Replay },
];

export function visible_pages(): Route[] {
  return ROUTES.filter((route) => route.key && (!route.roles || my_role_is(...route.roles)));
}
