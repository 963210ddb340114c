// Draws a resource: what is there, that it is still loading, or why it is not there. With data present a problem is a note
// above it; the network's is left to the banner, which everybody sees.
import type { ComponentChildren } from 'preact';
import type { Resource } from '../api/resource';
import { t } from '../words/words';
import { ProblemNote } from './problem_note';

export function Loaded<T>({ from, children }: { from: Resource<T>; children: (data: T) => ComponentChildren }) {
  const { data, problem } = from;
  if (data === undefined) {
    if (problem && !problem.is_network) return <ProblemNote problem={problem} retry={from.reload} />;
    return (
      <p class="quiet loading" role="status">
        {t('app.loading')}
      </p>
    );
  }
  return (
    <>
      {problem && !problem.is_network && <ProblemNote problem={problem} retry={from.reload} />}
      {children(data)}
    </>
  );
}
