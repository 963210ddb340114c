// The form of a dialog: its fields are the children, `send` does what it is for. While that is under way it cannot be sent again;
// what went wrong stands above the buttons, and what was typed stays.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { as_problem, type Problem } from '../api/problem';
import { t } from '../words/words';
import { ProblemNote } from './problem_note';

interface Props {
  submit: string; // what the button says
  send: (form: FormData) => Promise<void>;
  close: () => void;
  children: ComponentChildren;
}

export function DialogForm({ submit, send, close, children }: Props) {
  const [problem, set_problem] = useState<Problem>();
  const [is_busy, set_busy] = useState(false);
  const on_submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    set_busy(true);
    set_problem(undefined);
    try {
      await send(form);
    } catch (error) {
      set_problem(as_problem(error));
    }
    set_busy(false);
  };
  return (
    <form onSubmit={(event) => void on_submit(event)}>
      {children}
      {problem && <ProblemNote problem={problem} />}
      <div class="buttons end">
        <button type="button" onClick={close}>
          {t('app.cancel')}
        </button>
        <button type="submit" class="primary" disabled={is_busy}>
          {submit}
        </button>
      </div>
    </form>
  );
}
