// The two or three choices that a browser remembers for a person (language, shortcuts). Never anything that was typed
// into or came out of the gateway. Where storage is forbidden, nothing is remembered and nothing fails.
const PREFIX = 'fieldline.';

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // forgotten with the page
  }
}

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}
