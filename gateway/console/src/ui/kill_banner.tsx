// On top of every page while a kill switch is on: what is stopped, by whom, why. And, for supervisors, that somebody broke the
// glass and nobody has looked at it yet.
import { access } from '../api/access';
import { my_role_is } from '../api/me';
import type { Kill } from '../api/types';
import { t } from '../words/words';

const SAID = { all: 'kill.on_all', device: 'kill.on_device', user: 'kill.on_user' } as const;

export function kill_text(kill: Kill): string {
  return t(SAID[kill.scope], { target: kill.target });
}

export function KillBanner() {
  const kills = access.value?.kills ?? [];
  const unreviewed = my_role_is('supervisor') ? (access.value?.unreviewed ?? 0) : 0;
  if (kills.length === 0 && unreviewed === 0) return null;
  return (
    <>
      {kills.length > 0 && (
        <div class="banner kill" role="alert">
          <ul class="plain">
            {kills.map((kill) => (
              <li key={kill.id}>
                <strong>{kill_text(kill)}</strong> {t('kill.by', { who: kill.by, reason: kill.reason })}
              </li>
            ))}
          </ul>
          <a href="/kill">{t('kill.title')}</a>
        </div>
      )}
      {unreviewed > 0 && (
        <div class="banner" role="alert">
          <p>
            <strong>{t('approvals.reviews')}: {unreviewed}</strong>
          </p>
          <a href="/approvals">{t('nav.approvals')}</a>
        </div>
      )}
    </>
  );
}
