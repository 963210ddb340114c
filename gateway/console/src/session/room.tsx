// A live session: the bar that says what is true of it at any moment (recorded, who works, who watches, frozen, how long), the
// panels, and beside them the people. The page of somebody who was invited by a link (join/) uses the same pieces.
import { useEffect, useState } from 'preact/hooks';
import { post } from '../api/client';
import { as_problem, type Problem } from '../api/problem';
import { open_socket } from '../api/socket';
import type { DeviceDetail, Session } from '../api/types';
import { duration, now_ms } from '../time';
import { Dialog } from '../ui/dialog';
import { ProblemNote } from '../ui/problem_note';
import { t } from '../words/words';
import { Call } from './call';
import { Chat } from './chat';
import { InviteButton } from './invite';
import { Leg } from './leg';
import { People, useAsk } from './people';
import { Panels } from './tabs';
import type { SoFar } from './transcript';
import { Notes, Watched } from './watched';

function TimeLeft({ deadline_ms, leg }: { deadline_ms: number | null; leg: Leg }) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => redraw((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  const told = leg.told.value?.deadline_mono_ms;
  const left_ms = told !== undefined ? told - performance.now() : deadline_ms !== null ? deadline_ms - now_ms() : undefined;
  if (left_ms === undefined) return null;
  return (
    <span class={left_ms < 120_000 ? 'bad-word' : ''}>
      {t('session.time_left')} <b class="number">{duration(left_ms)}</b>
    </span>
  );
}

function EndDialog({ session, close }: { session: Session; close: () => void }) {
  const [problem, set_problem] = useState<Problem>();
  const end = async (): Promise<void> => {
    try {
      await post(`/sessions/${session.id}/end`, { reason: 'ended_by_engineer' });
      close();
    } catch (error) {
      set_problem(as_problem(error));
    }
  };
  return (
    <Dialog title={t('session.end')} close={close}>
      <p>{t('session.end_sure')}</p>
      {problem && <ProblemNote problem={problem} />}
      <div class="buttons end">
        <button type="button" onClick={close}>
          {t('app.cancel')}
        </button>
        <button type="button" class="primary danger" onClick={() => void end()}>
          {t('session.end')}
        </button>
      </div>
    </Dialog>
  );
}

function FreezeButton({ leg }: { leg: Leg }) {
  const [ask, refusal] = useAsk(leg);
  const told = leg.told.value;
  if (!told?.may.includes('moderate')) return null;
  const is_mine_to_thaw = told.frozen_by !== '';
  return (
    <>
      <button type="button" onClick={() => ask(is_mine_to_thaw ? 'session.thaw' : 'session.freeze')}>
        {t(is_mine_to_thaw ? 'room.thaw' : 'room.freeze')}
      </button>
      {refusal && <span role="alert">{refusal}</span>}
    </>
  );
}

interface RoomProps {
  session: Session;
  device: DeviceDetail;
  before: SoFar;
  is_mine: boolean;
  changed: () => void;
}
export function Room({ session, device, before, is_mine, changed }: RoomProps) {
  const [leg, set_leg] = useState<Leg>();
  const [is_ending, set_ending] = useState(false);
  useEffect(() => {
    const made = new Leg(() => open_socket(`/sessions/${session.id}/ws`, 'fieldline.session.1', { session: session.id }), changed);
    set_leg(made);
    return () => made.close();
  }, [session.id]);
  if (!leg) return null;
  const told = leg.told.value;
  const holds_keyboard = told?.may_type ?? is_mine;
  const typist = leg.people.value.find((one) => one.part === 'typist')?.name ?? session.engineer;
  return (
    <>
      <div class="live-bar">
        <Watched leg={leg} engineer={session.engineer} />
        <TimeLeft deadline_ms={session.deadline_ms} leg={leg} />
        {leg.state.value === 'connecting' && <span role="status">{t('session.connecting')}</span>}
        <span class="live-bar-end">
          <FreezeButton leg={leg} />
          <button type="button" class="danger" onClick={() => set_ending(true)}>
            {t('session.end')}
          </button>
        </span>
      </div>
      {is_ending && <EndDialog session={session} close={() => set_ending(false)} />}
      <Notes leg={leg} />
      {!holds_keyboard && <p class="note">{t('session.view_only', { engineer: typist })}</p>}
      <div class="room">
        <Panels
          leg={leg}
          capabilities={told?.capabilities ?? session.capabilities}
          may_act={holds_keyboard && !told?.frozen}
          session={session}
          device={device}
          before={before}
        />
        <aside aria-label={t('people.title')}>
          <People leg={leg} />
          <Call leg={leg} />
          <Chat leg={leg} />
          <InviteButton leg={leg} session={session} />
        </aside>
      </div>
    </>
  );
}
