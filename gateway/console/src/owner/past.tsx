// Earlier sessions of this product, with their service reports.
import { useState } from 'preact/hooks';
import { Refusal, report, type PastSession } from './gateway';
import type { PhoneKey } from './keys';
import { refusal_text } from './pair';
import { language, t, t_or } from './words';

interface Props { owner: PhoneKey; sessions: PastSession[] }

export function Past({ owner, sessions }: Props) {
  return (
    <section>
      <h2>{t('past.title')}</h2>
      {sessions.length === 0 && <p>{t('past.none')}</p>}
      <ul class="rows">{sessions.map((session) => <Row key={session.id} owner={owner} session={session} />)}</ul>
    </section>
  );
}

function Row({ owner, session }: { owner: PhoneKey; session: PastSession }) {
  const [text, set_text] = useState('');
  const open = async () => {
    try {
      set_text((await report(owner, session.id)).markdown);
    } catch (error) {
      set_text(error instanceof Refusal && error.status === 404 ? t('past.no_report') : refusal_text(error));
    }
  };
  return (
    <li>
      <strong>{session.engineer}</strong>, {new Date(session.requested_ms).toLocaleString(language.value, { dateStyle: 'medium', timeStyle: 'short' })},{' '}
      {t_or(`state.${session.state}`, session.state)}
      {session.started_ms && !session.is_complete && `, ${t('past.incomplete')}`}
      <br />
      <span class="quiet">{session.reason}</span>
      {session.started_ms && !text && <> <button type="button" class="plain" onClick={() => void open()}>{t('past.report')}</button></>}
      {text && <pre>{text}</pre>}
    </li>
  );
}
