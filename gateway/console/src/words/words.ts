// The console's language: one signal, remembered, and a function that says a thing by its key. Both dictionaries are in
// the first page (they are small), so switching is at once; the compiler refuses a key that one of them lacks.
import { signal } from '@preact/signals';
import { recall, remember } from '../memory';
import { en } from './en';
import { zh } from './zh';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];
export type Word = keyof typeof en;

const DICTIONARIES: Record<Language, Record<Word, string>> = { en, zh };

function first_language(): Language {
  const remembered = recall('language');
  if (remembered === 'en' || remembered === 'zh') return remembered;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const language = signal<Language>(first_language());
document.documentElement.lang = language.value;

export function speak(chosen: Language): void {
  language.value = chosen;
  document.documentElement.lang = chosen;
  remember('language', chosen);
}

export function t(word: Word, values: Record<string, string | number> = {}): string {
  return DICTIONARIES[language.value][word].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

// For words that come from the gateway ("state.repairing"): what it says itself when this console does not know it yet.
export function t_or(word: string, otherwise: string): string {
  const found = (DICTIONARIES[language.value] as Record<string, string>)[word];
  return found ?? otherwise;
}

// Titles in product packs come in both languages; the Chinese one may be missing.
export function titled(thing: { title: string; title_zh?: string }): string {
  return language.value === 'zh' && thing.title_zh ? thing.title_zh : thing.title;
}
