// Pages of a list that only knows "after this one": forward, and back to the beginning. The cursor is in the address, so
// the browser's own back key goes one page back.
import { address, go } from '../router';
import { t } from '../words/words';

export function Pager({ name, next }: { name: string; next: string | number | null | undefined }) {
  const { path, query } = address.value;
  const is_first = !query.has(name);
  const with_cursor = (value: string | undefined): string => {
    const changed = new URLSearchParams(query);
    if (value === undefined) changed.delete(name);
    else changed.set(name, value);
    const text = changed.toString();
    return path + (text ? `?${text}` : '');
  };
  if (is_first && (next === null || next === undefined)) return null;
  return (
    <p class="pager">
      <button type="button" disabled={is_first} onClick={() => go(with_cursor(undefined))}>
        {t('app.first')}
      </button>
      <button type="button" disabled={next === null || next === undefined} onClick={() => go(with_cursor(String(next)))}>
        {t('app.next')}
      </button>
    </p>
  );
}
