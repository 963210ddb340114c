// What a guest sees: first what this is, then the people of the session. The link is opened by a button and not by loading the
// page, so that a preview in somebody's mail program does not use it up.
import type { ComponentType } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { as_problem, type Problem } from '../api/problem';
import { socket_with } from '../api/socket';
import { Call } from '../session/call';
import { Chat } from '../session/chat';
import { Leg } from '../session/leg';
import { People } from '../session/people';
import { Notes, Watched } from '../session/watched';
import { language, LANGUAGES, speak, t } from '../words/words';
import { enter, take_pass, type Entry } from './pass';

const NAMES = { en: 'English', zh: '中文' };

function Languages() {
  return (
    <p class="languages" role="group" aria-label={t('app.language')}>
      {LANGUAGES.map((one) => (
        <button type="button" key={one} lang={one} aria-pressed={language.value === one} onClick={() => speak(one)}>
          {NAMES[one]}
        </button>
      ))}
    </p>
  );
}

function Refused({ problem }: { problem: Problem }) {
  return (
    <p class="note bad" role="alert">
      {problem.status === 403 || problem.status === 400 ? (
        <>
          <b>{t('join.refused')}</b> {t('join.refused_do')}
        </>
      ) : (
        t('join.busy')
      )}
    </p>
  );
}

// The terminal is large, so only who may see it loads it.
function Screen({ leg }: { leg: Leg }) {
  const [Pane, set_pane] = useState<ComponentType<{ leg: Leg; may_act: boolean; before: { cols: undefined; rows: undefined; screen: string } }>>();
  useEffect(() => {
    import('../session/terminal').then(
      ({ TerminalPane }) => set_pane(() => TerminalPane),
      () => undefined,
    );
  }, []);
  return Pane ? <Pane leg={leg} may_act={false} before={{ cols: undefined, rows: undefined, screen: '' }} /> : null;
}

function Inside({ first, refuse }: { first: Entry; refuse: (problem: Problem) => void }) {
  const leg = useMemo(() => {
    let entry: Entry | undefined = first; // its ticket is for the first connection
    const made: Leg = new Leg(async () => {
      try {
        const mine = entry ?? (await enter());
        entry = undefined;
        return socket_with(mine.ticket, `/sessions/${mine.session}/ws`, 'fieldline.session.1');
      } catch (error) {
        const problem = as_problem(error);
        if (problem.status === 403) {
          made.close();
          refuse(problem);
        }
        throw error;
      }
    });
    return made;
  }, [first]);
  useEffect(() => () => leg.close(), [leg]);
  const told = leg.told.value;
  const is_over = told?.state === 'ended' || told?.state === 'failed';
  if (is_over) return <p role="status">{t('join.over')}</p>;
  return (
    <>
      <div class="live-bar">
        <Watched leg={leg} engineer="" />
      </div>
      <Notes leg={leg} />
      <div class="room">
        <div>
          {first.may.includes('watch') ? <Screen leg={leg} /> : <p class="quiet">{t('join.no_view')}</p>}
          <Call leg={leg} />
        </div>
        <aside aria-label={t('people.title')}>
          <People leg={leg} />
          {first.may.includes('chat') && <Chat leg={leg} />}
        </aside>
      </div>
    </>
  );
}

export function JoinPage() {
  const has_pass = useMemo(take_pass, []);
  const [entry, set_entry] = useState<Entry>();
  const [problem, set_problem] = useState<Problem | undefined>();
  const [is_opening, set_opening] = useState(false);
  const open = async (): Promise<void> => {
    set_opening(true);
    set_problem(undefined);
    try {
      set_entry(await enter());
    } catch (error) {
      set_problem(as_problem(error));
    } finally {
      set_opening(false);
    }
  };
  const refuse = (why: Problem): void => {
    set_entry(undefined);
    set_problem(why);
  };
  return (
    <main class="guest">
      <Languages />
      <h1>{entry ? t('join.title', { device: entry.device }) : 'Fieldline'}</h1>
      {entry && <p>{t('join.hello', { name: entry.name.replace(/^guest /, '') })}</p>}
      <p class="quiet">{t('join.explain')}</p>
      {problem && <Refused problem={problem} />}
      {!has_pass && !problem && (
        <p class="note bad" role="alert">
          <b>{t('join.refused')}</b> {t('join.refused_do')}
        </p>
      )}
      {entry ? (
        <Inside first={entry} refuse={refuse} />
      ) : (
        has_pass && (
          <button type="button" class="primary" disabled={is_opening} onClick={() => void open()}>
            {t(is_opening ? 'join.opening' : 'join.ask')}
          </button>
        )
      )}
    </main>
  );
}
