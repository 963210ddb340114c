// The address bar: one signal, links that stay in the page, and patterns like /devices/:id. Which page belongs to which
// address is a table in routes.tsx.
import { signal } from '@preact/signals';

export interface Address {
  path: string;
  query: URLSearchParams;
}

function read(): Address {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

export const address = signal<Address>(read());
window.addEventListener('popstate', () => {
  address.value = read();
});

export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'replace') history.replaceState(null, '', to);
  else if (to !== location.pathname + location.search) history.pushState(null, '', to);
  address.value = read();
}

// Changes the query of the page that is shown; an empty value takes a word out.
export function set_query(values: Record<string, string>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ''), 'replace');
}

export function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.replace(/(.)\/$/, '$1').split('/');
  if (wanted.length !== given.length) return undefined;
  const found: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const text = given[i] ?? '';
    if (part.startsWith(':')) {
      if (!text) return undefined;
      try {
        found[part.slice(1)] = decodeURIComponent(text);
      } catch {
        return undefined;
      }
    } else if (part !== text) {
      return undefined;
    }
  }
  return found;
}

// Only our own pages: what follows a login must not lead elsewhere.
export function safe_next(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) && !next.startsWith('/login') ? next : '/';
}

document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (/^\/(api|assets)\//.test(link.pathname) || link.pathname.endsWith('.txt')) return;
  if (link.pathname === location.pathname && link.search === location.search && link.hash) return; // the browser scrolls
  event.preventDefault();
  go(link.pathname + link.search);
});
