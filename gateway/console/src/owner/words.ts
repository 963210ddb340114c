// The owner's page speaks the phone's language, or the other one. A dictionary of its own: the console's has a thousand words
// that a phone on a mobile link need not load.
import { signal } from '@preact/signals';
import { recall, remember } from '../memory';
import { owner_en } from '../words/owner_en';
import { owner_zh } from '../words/owner_zh';

export type OwnerWord = keyof typeof owner_en;
export type OwnerLanguage = 'en' | 'zh';

function first_language(): OwnerLanguage {
  const remembered = recall('language');
  if (remembered === 'en' || remembered === 'zh') return remembered;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const language = signal<OwnerLanguage>(first_language());
document.documentElement.lang = language.value;

export function switch_language(): void {
  language.value = language.value === 'en' ? 'zh' : 'en';
  document.documentElement.lang = language.value;
  remember('language', language.value);
}

export function t(word: OwnerWord, values: Record<string, string | number> = {}): string {
  const text = (language.value === 'zh' ? owner_zh : owner_en)[word];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function t_or(word: string, otherwise: string): string {
  return Object.hasOwn(owner_en, word) ? t(word as OwnerWord) : otherwise;
}
