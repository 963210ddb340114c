// The frame around the pages: asks who is logged in, shows the login or the page that the address names, and the banner
// while the gateway cannot be reached.
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from './api/client';
import { generation, is_down, try_link_now } from './api/link';
import { me } from './api/me';
import { as_problem, type Problem } from './api/problem';
import type { Me } from './api/types';
import { Login } from './pages/login';
import { address, go, match, safe_next } from './router';
import { ROUTES, type PageProps, type Route } from './routes';
import { Header } from './ui/header';
import { KillBanner } from './ui/kill_banner';
import { ProblemNote } from './ui/problem_note';
import { ShortcutHelp } from './ui/shortcuts';
import { t } from './words/words';

function find_route(path: string): { route: Route; id: string } | undefined {
  for (const route of ROUTES) {
    const found = match(route.pattern, path);
    if (found) return { route, id: found.id ?? '' };
  }
  return undefined;
}

const loaded = new Map<Route, ComponentType<PageProps>>();

function useCode(route: Route | undefined): { page: ComponentType<PageProps> | undefined; problem: Problem | undefined } {
  const [, redraw] = useState(0);
  const [problem, set_problem] = useState<Problem>();
  const page = route && (route.page ?? loaded.get(route));
  const times = generation.value;
  useEffect(() => {
    if (!route?.load || loaded.has(route)) return;
    let is_wanted = true;
    set_problem(undefined);
    route.load().then(
      (code) => {
        loaded.set(route, code);
        if (is_wanted) redraw((n) => n + 1);
      },
      (error: unknown) => is_wanted && set_problem(as_problem(error)),
    );
    return () => {
      is_wanted = false;
    };
  }, [route, times]);
  return { page, problem };
}

function NotFound() {
  return (
    <>
      <h1>{t('app.not_found')}</h1>
      <p>
        <a href="/">{t('app.go_today')}</a>
      </p>
    </>
  );
}

function Outlet() {
  const { path } = address.value;
  const found = find_route(path);
  const { page: Page, problem } = useCode(found?.route);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const title = found ? t(found.route.title) : t('app.not_found');
  useEffect(() => {
    document.title = `${title} · ${t('app.title')}`;
  }, [title, path]);
  useEffect(() => {
    // A new page begins at its top, for eyes and for screen readers; the very first one does not take the focus.
    if (first.current) first.current = false;
    else {
      window.scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
  }, [path]);
  return (
    <main id="page" ref={main} tabIndex={-1}>
      {!found && <NotFound />}
      {problem && <ProblemNote problem={problem} retry={() => location.reload()} />}
      {found && !problem && (Page ? <Page key={path} id={found.id} /> : <p class="quiet loading">{t('app.loading')}</p>)}
    </main>
  );
}

function Banner() {
  if (!is_down.value) return null;
  return (
    <div class="banner" role="alert">
      <p>
        <strong>{t('problem.network')}</strong> {t('problem.network_do')}
      </p>
      <button type="button" onClick={try_link_now}>
        {t('problem.retry')}
      </button>
    </div>
  );
}

export function App() {
  const [problem, set_problem] = useState<Problem>();
  const who = me.value;
  const times = generation.value;
  useEffect(() => {
    if (me.value !== undefined) return;
    set_problem(undefined);
    get<Me>('/me').then(
      (answer) => (me.value = answer),
      (error: unknown) => me.value === undefined && set_problem(as_problem(error)),
    );
  }, [times]);
  useEffect(() => {
    const { path, query } = address.value;
    if (who === null && path !== '/login') {
      const here = location.pathname + location.search;
      go(here === '/' ? '/login' : `/login?next=${encodeURIComponent(here)}`, 'replace');
    } else if (who && path === '/login') {
      go(safe_next(query.get('next')), 'replace');
    }
  }, [who, address.value.path]);

  if (who === undefined) {
    return (
      <>
        <Banner />
        <main id="page">
          {problem && !problem.is_network ? (
            <ProblemNote problem={problem} retry={() => location.reload()} />
          ) : (
            <p class="quiet loading">{t('app.loading')}</p>
          )}
        </main>
      </>
    );
  }
  if (who === null) {
    return (
      <>
        <Banner />
        <Login />
      </>
    );
  }
  return (
    <>
      <a class="skip" href="#page">
        {t('app.skip')}
      </a>
      <Header />
      <Banner />
      <KillBanner />
      <Outlet />
      <ShortcutHelp />
    </>
  );
}
