// The bar above every page: where one can go, whether updates arrive, language, who is logged in.
import { access } from '../api/access';
import { is_live } from '../api/live';
import { is_down } from '../api/link';
import { post } from '../api/client';
import { forget_me, has_login_ended, me } from '../api/me';
import { address, go } from '../router';
import { visible_pages } from '../routes';
import { LANGUAGES, language, speak, t } from '../words/words';
import { is_help_open } from './shortcuts';

const OWN_NAMES = { en: 'English', zh: '中文' };

async function log_out(): Promise<void> {
  try {
    await post('/logout');
  } finally {
    forget_me();
    has_login_ended.value = false; // on purpose
    go('/login');
  }
}

export function LanguageSwitch() {
  return (
    <span class="languages" role="group" aria-label={t('app.language')}>
      {LANGUAGES.map((one) => (
        <button type="button" class="plain" key={one} lang={one} aria-pressed={language.value === one} onClick={() => speak(one)}>
          {OWN_NAMES[one]}
        </button>
      ))}
    </span>
  );
}

export function Header() {
  const path = address.value.path;
  const waiting = access.value?.awaiting_approval ?? 0;
  const is_here = (pattern: string): boolean =>
    path === pattern || (pattern === '/fleet' && path.startsWith('/devices/')) || (pattern !== '/' && path.startsWith(`${pattern}/`));
  return (
    <header class="bar">
      <a class="brand" href="/">
        <img src="/favicon.svg" alt="" width="22" height="22" />
        {t('app.title')}
      </a>
      <nav aria-label={t('app.menu')}>
        {visible_pages().map((page) => (
          <a key={page.pattern} href={page.pattern} aria-current={is_here(page.pattern) ? 'page' : undefined}>
            {t(page.title)}
            {page.pattern === '/approvals' && waiting > 0 && <span class="count">{waiting}</span>}
          </a>
        ))}
      </nav>
      <div class="bar-end">
        {!is_down.value && (
          <span class={`live ${is_live.value ? 'on' : 'off'}`} title={t(is_live.value ? 'app.live' : 'app.not_live')}>
            {is_live.value ? t('app.live') : '…'}
          </span>
        )}
        <LanguageSwitch />
        <button type="button" class="plain" aria-label={t('app.keys')} title={t('app.keys')} onClick={() => (is_help_open.value = true)}>
          ?
        </button>
        <span class="who" title={me.value?.role}>
          {me.value?.name || me.value?.user}
        </span>
        <button type="button" class="plain" onClick={() => void log_out()}>
          {t('app.logout')}
        </button>
      </div>
    </header>
  );
}
