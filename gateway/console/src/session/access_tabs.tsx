// The pages of remote access beside each other: qualifications, contracts, kill switch.
import { address } from '../router';
import { t } from '../words/words';

const TABS = [
  { path: '/people', word: 'nav.people' },
  { path: '/contracts', word: 'nav.contracts' },
  { path: '/kill', word: 'nav.kill' },
] as const;

export function AccessTabs() {
  return (
    <nav class="tabs" aria-label={t('nav.access')}>
      {TABS.map(({ path, word }) => (
        <a key={path} href={path} aria-current={address.value.path === path ? 'page' : undefined}>
          {t(word)}
        </a>
      ))}
    </nav>
  );
}
