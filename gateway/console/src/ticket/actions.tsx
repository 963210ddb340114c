// What the state table lets this person do now: a button for each arrow, and a form for what the arrow requires. Sent with
// the version that was looked at: when the ticket has moved on, nothing is done, the new state is shown and the text stays.
import { useState } from 'preact/hooks';
import { post } from '../api/client';
import { me } from '../api/me';
import { as_problem, type Problem } from '../api/problem';
import type { Action, TicketDetail } from '../api/types';
import { ProblemNote } from '../ui/problem_note';
import { language, t, t_or, type Word } from '../words/words';

const NEEDS = ['diagnose', 'agree_plan', 'order_parts', 'repair', 'resolve', 'confirm', 'close', 'follow_up', 'reopen', 'comment'];

function field_label(action: Action): string {
  if (action.requires === 'assignee') return t('ticket.assign_to');
  // The state table's own words are the best ones, but it has them in English only.
  if (language.value === 'en' && action.asks) return action.asks[0]?.toUpperCase() + action.asks.slice(1);
  return t((NEEDS.includes(action.action) ? `needs.${action.action}` : 'needs.other') as Word);
}

export function Actions({ ticket, etag, reload }: { ticket: TicketDetail; etag: string; reload: () => void }) {
  const [chosen, choose] = useState<Action>();
  const [text, set_text] = useState('');
  const [problem, set_problem] = useState<Problem>();
  const [is_busy, set_busy] = useState(false);
  const needs_assignee = chosen?.requires === 'assignee';
  const is_possible = chosen !== undefined && ticket.actions.some((one) => one.action === chosen.action);

  const carry_out = async (action: Action, words: string): Promise<void> => {
    const body: Record<string, string> = { action: action.action };
    if (words) body[action.requires === 'assignee' ? 'assignee' : 'text'] = words;
    set_busy(true);
    set_problem(undefined);
    try {
      await post(`/tickets/${ticket.id}/actions`, body, etag || `"${ticket.version}"`);
      choose(undefined);
      set_text('');
    } catch (error) {
      const found = as_problem(error);
      set_problem(found);
      if (!action.requires) choose(undefined);
    }
    set_busy(false);
    reload();
  };
  const start = (action: Action): void => {
    set_problem(undefined);
    if (!action.requires) {
      choose(undefined);
      void carry_out(action, '');
      return;
    }
    choose(action);
    set_text(action.requires === 'assignee' ? (me.value?.user ?? '') : '');
  };

  const is_conflict = problem?.status === 409 || problem?.status === 412;
  return (
    <section class="card">
      <h2>{t('ticket.next')}</h2>
      {ticket.actions.length === 0 && <p class="quiet">{t('ticket.no_actions')}</p>}
      <div class="buttons">
        {ticket.actions.map((action) => (
          <button
            type="button"
            key={action.action}
            disabled={is_busy}
            aria-expanded={action.requires ? chosen?.action === action.action : undefined}
            onClick={() => start(action)}
          >
            {t_or(`action.${action.action}`, action.action)}
          </button>
        ))}
      </div>
      {chosen && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void carry_out(chosen, text.trim());
          }}
        >
          <label key={chosen.action}>
            {field_label(chosen)}
            {needs_assignee ? (
              <input
                value={text}
                required
                maxLength={63}
                autofocus
                autocapitalize="none"
                spellcheck={false}
                onInput={(event) => set_text(event.currentTarget.value)}
                ref={focus_once}
              />
            ) : (
              <textarea
                value={text}
                required
                rows={3}
                maxLength={4000}
                onInput={(event) => set_text(event.currentTarget.value)}
                ref={focus_once}
              />
            )}
          </label>
          <div class="buttons">
            <button type="submit" class="primary" disabled={is_busy || !is_possible || !text.trim()}>
              {t_or(`action.${chosen.action}`, chosen.action)}
            </button>
            <button type="button" onClick={() => choose(undefined)}>
              {t('app.cancel')}
            </button>
          </div>
        </form>
      )}
      {is_conflict && (
        <p class="note bad" role="alert">
          {t('ticket.conflict')} {problem.detail && t('problem.said', { detail: problem.detail })}
        </p>
      )}
      {problem && !is_conflict && <ProblemNote problem={problem} />}
    </section>
  );
}

const focused = new WeakSet<HTMLElement>();
function focus_once(element: HTMLElement | null): void {
  if (!element || focused.has(element)) return;
  focused.add(element);
  element.focus();
}
