// Keys: "g" and a letter go to a page, "/" to the search field, "?" shows this. Never while somebody types into a field or
// the terminal; can be switched off (single keys disturb people who dictate).
import { signal } from '@preact/signals';
import { recall, remember } from '../memory';
import { go } from '../router';
import { t } from '../words/words';
import { visible_pages } from '../routes';
import { Dialog } from './dialog';

const SEQUENCE_WITHIN_MS = 1_500;
export const is_help_open = signal(false);
const are_on = signal(recall('shortcuts') !== 'off');
let g_pressed_ms = -Infinity;

function is_typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

document.addEventListener('keydown', (event) => {
  if (!are_on.value || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (is_typing(event.target) || document.querySelector('dialog[open]')) return;
  if (event.key === '?') {
    is_help_open.value = true;
  } else if (event.key === '/') {
    const field = document.querySelector<HTMLElement>('[data-search]');
    if (!field) return;
    event.preventDefault();
    field.focus();
  } else if (event.key === 'g') {
    g_pressed_ms = event.timeStamp;
    return;
  } else if (event.timeStamp - g_pressed_ms < SEQUENCE_WITHIN_MS) {
    const page = visible_pages().find((p) => p.key === event.key);
    if (page) go(page.pattern);
  }
  g_pressed_ms = -Infinity;
});

export function ShortcutHelp() {
  if (!is_help_open.value) return null;
  const close = (): void => {
    is_help_open.value = false;
  };
  return (
    <Dialog title={t('app.keys')} close={close}>
      <p>{t('keys.hint')}</p>
      <table class="keys">
        <tbody>
          {visible_pages().map((page) => (
            <tr key={page.pattern}>
              <td>
                <kbd>g</kbd> <kbd>{page.key}</kbd>
              </td>
              <td>{t(page.title)}</td>
            </tr>
          ))}
          <tr>
            <td>
              <kbd>/</kbd>
            </td>
            <td>{t('keys.search')}</td>
          </tr>
          <tr>
            <td>
              <kbd>?</kbd>
            </td>
            <td>{t('keys.help')}</td>
          </tr>
        </tbody>
      </table>
      <label class="check">
        <input
          type="checkbox"
          checked={are_on.value}
          onChange={(event) => {
            are_on.value = event.currentTarget.checked;
            remember('shortcuts', are_on.value ? 'on' : 'off');
          }}
        />
        {t('keys.enabled')}
      </label>
    </Dialog>
  );
}
