// Whether a session's recording is there: from the files, not from the row alone, so a recording that somebody deleted is red.
// Supervisors and auditors hold one back from retention here, and fetch its evidence; engineers fetch that of their own.
import { useState } from 'preact/hooks';
import { api_url, post } from '../api/client';
import { me, my_role_is } from '../api/me';
import type { Session } from '../api/types';
import { exact_time } from '../time';
import { Dialog } from '../ui/dialog';
import { DialogForm } from '../ui/dialog_form';
import { t } from '../words/words';

// How it stands, in a word or two, and whether that is as it should be.
export function recording_words(session: Session): { text: string; is_good: boolean } | undefined {
  const { recording } = session;
  if (!recording) {
    if (session.state !== 'ended') return undefined;
    return { text: t(session.complete ? 'session.complete' : 'session.incomplete'), is_good: session.complete };
  }
  switch (recording.state) {
    case 'none':
      return undefined;
    case 'running':
      return { text: t('recording.running'), is_good: true };
    case 'unsealed':
      return { text: t('recording.unsealed'), is_good: false };
    case 'missing':
      return { text: t('recording.missing'), is_good: false };
    case 'removed':
      return { text: t('recording.removed', { date: exact_time(recording.removed_ms ?? 0) }), is_good: true };
    case 'sealed': {
      const signed = t(session.countersigned ? 'recording.countersigned' : 'recording.not_countersigned');
      return { text: `${t(session.complete ? 'recording.complete' : 'recording.hole')}, ${signed}`, is_good: session.complete };
    }
  }
}

function HoldDialog({ session, close }: { session: Session; close: (is_done: boolean) => void }) {
  const send = async (form: FormData): Promise<void> => {
    await post(`/sessions/${session.id}/hold`, { reason: form.get('reason') });
    close(true);
  };
  return (
    <Dialog title={t('recording.hold_title')} close={() => close(false)}>
      <DialogForm submit={t('recording.hold')} send={send} close={() => close(false)}>
        <p class="quiet">{t('recording.hold_explain')}</p>
        <label>
          {t('recording.hold_reason')}
          <input name="reason" required maxLength={500} autofocus />
        </label>
      </DialogForm>
    </Dialog>
  );
}

function Actions({ session, changed }: { session: Session; changed: () => void }) {
  const [is_holding, set_holding] = useState(false);
  const may_hold = my_role_is('supervisor', 'auditor');
  const is_held = Boolean(session.recording?.held_by);
  const release = (): void => {
    post(`/sessions/${session.id}/release`).then(changed, changed);
  };
  const may_fetch = may_hold || (my_role_is('engineer') && session.engineer === me.value?.user);
  return (
    <p class="buttons">
      {may_fetch && session.recording?.state === 'sealed' && (
        <a href={api_url(`/sessions/${session.id}/bundle`)} download={`${session.id}.zip`} title={t('recording.bundle_title')}>
          {t('recording.bundle')}
        </a>
      )}
      {may_hold && !is_held && (
        <button type="button" class="small" onClick={() => set_holding(true)}>
          {t('recording.hold')}
        </button>
      )}
      {may_hold && is_held && (
        <button type="button" class="small" onClick={release}>
          {t('recording.release')}
        </button>
      )}
      {is_holding && (
        <HoldDialog
          session={session}
          close={(is_done) => {
            set_holding(false);
            if (is_done) changed();
          }}
        />
      )}
    </p>
  );
}

// `changed`: what was done here must be loaded again; without it nothing can be done here.
export function RecordingCell({ session, changed }: { session: Session; changed?: (() => void) | undefined }) {
  const words = recording_words(session);
  if (!words) return null;
  const can_act = changed && session.recording && session.recording.state !== 'removed' && session.recording.state !== 'running';
  return (
    <>
      <span class={words.is_good ? 'good-word' : 'bad-word'}>{words.text}</span>
      {session.recording?.held_by && (
        <p class="quiet small">{t('recording.held', { who: session.recording.held_by, reason: session.recording.hold_reason })}</p>
      )}
      {can_act && <Actions session={session} changed={changed} />}
    </>
  );
}
