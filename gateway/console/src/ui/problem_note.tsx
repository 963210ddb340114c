// What went wrong and what to do about it, in the reader's language, with the gateway's own sentence below.
import type { Problem } from '../api/problem';
import { t, type Word } from '../words/words';

interface Saying {
  what: Word;
  todo?: Word;
}
const BY_STATUS: Record<number, Saying> = {
  401: { what: 'problem.401' },
  403: { what: 'problem.403', todo: 'problem.403_do' },
  404: { what: 'problem.404' },
  409: { what: 'problem.409', todo: 'problem.409_do' },
  412: { what: 'problem.409', todo: 'problem.409_do' },
  429: { what: 'problem.429' },
};

function saying(problem: Problem): Saying {
  if (problem.code === 'wrong_password') return { what: 'problem.other' };
  if (problem.code === 'timeout') return { what: 'problem.timeout', todo: 'problem.timeout_do' };
  if (problem.is_network) return { what: 'problem.network', todo: 'problem.network_do' };
  if (problem.status >= 500) return { what: 'problem.5xx', todo: 'problem.5xx_do' };
  return BY_STATUS[problem.status] ?? { what: 'problem.other' };
}

export function ProblemNote({ problem, retry }: { problem: Problem; retry?: (() => void) | undefined }) {
  const { what, todo } = saying(problem);
  return (
    <div class="note bad" role="alert">
      <p>
        <strong>{t(what)}</strong> {todo && t(todo)}
      </p>
      {problem.detail && <p>{t('problem.said', { detail: problem.detail })}</p>}
      {!problem.is_network && <p class="quiet small">{t('problem.code', { code: problem.code })}</p>}
      {retry && (
        <button type="button" onClick={retry}>
          {t('app.reload')}
        </button>
      )}
    </div>
  );
}
