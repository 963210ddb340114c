// A search field that tells what was typed once the person pauses. The "/" key leads here.
import { useEffect, useRef, useState } from 'preact/hooks';

const PAUSE_MS = 250;

export function SearchBox({ label, value, change }: { label: string; value: string; change: (text: string) => void }) {
  const [text, set_text] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const told = useRef(value);
  useEffect(() => {
    if (value !== told.current) {
      told.current = value;
      set_text(value);
    }
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const tell = (typed: string): void => {
    clearTimeout(timer.current);
    told.current = typed;
    change(typed);
  };
  return (
    <form
      role="search"
      class="search"
      onSubmit={(event) => {
        event.preventDefault();
        tell(text);
      }}
    >
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        maxLength={200}
        data-search
        onInput={(event) => {
          const typed = event.currentTarget.value;
          set_text(typed);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => tell(typed), PAUSE_MS);
        }}
      />
    </form>
  );
}
