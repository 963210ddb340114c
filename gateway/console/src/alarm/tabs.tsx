// The pages about alarms: the list, what keeps some of them silent, what happened to many at once.
import { address } from '../router';
import { t, type Word } from '../words/words';

const TABS: [path: string, word: Word][] = [
  ['/alarms', 'nav.alarms'],
  ['/alarms/silent', 'nav.silent'],
  ['/alarms/incidents', 'nav.incidents'],
];

export function AlarmTabs() {
  return (
    <nav class="tabs" aria-label={t('nav.alarms')}>
      {TABS.map(([path, word]) => (
        <a key={path} href={path} aria-current={address.value.path === path ? 'page' : undefined}>
          {t(word)}
        </a>
      ))}
    </nav>
  );
}
