// The events that the programs log, as their source says: area, id, levels.
import { files, read } from './source.mjs';

/** The arguments of a call whose opening bracket stands at `open`, split at commas outside of strings and brackets. */
function argumentsAt(text, open) {
  const found = [];
  let depth = 0;
  let begin = open + 1;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '"') {
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
    } else if ('([{'.includes(text[at])) depth++;
    else if (')]}'.includes(text[at]) && --depth === 0) return [...found, text.slice(begin, at).trim()];
    else if (text[at] === ',' && depth === 1) {
      found.push(text.slice(begin, at).trim());
      begin = at + 1;
    }
  }
  throw new Error('a call without an end');
}

const words = (text) => [...text.matchAll(/"(\w[\w.]*)"/g)].map(([, word]) => word);

/** An id is a word, a choice of words, or the name of a session's state. */
async function idsOf(argument) {
  if (!argument.includes('session_state_name(')) return words(argument);
  const table = /state_names\[[^\]]*\] = \{([^}]*)\}/.exec(await read('gateway/sessions/session.c'));
  return words(table[1].replaceAll(/\[\w+\]/g, ''));
}

/** "area id" -> sorted levels. */
export async function logEvents() {
  const found = new Map();
  for (const folder of ['include', 'gateway', 'agent']) {
    for (const path of await files(folder, /\.c$/)) {
      const text = await read(path);
      for (const call of text.matchAll(/\blog_(debug|info|warn|error)\(/g)) {
        const [area, id] = argumentsAt(text, call.index + call[0].length - 1);
        const ids = await idsOf(id);
        if (words(area).length !== 1 || ids.length === 0) throw new Error(`${path}: an event that cannot be told: ${area}, ${id}`);
        for (const one of ids) {
          const key = `${words(area)[0]} ${one}`;
          found.set(key, [...new Set([...(found.get(key) ?? []), call[1]])].sort());
        }
      }
    }
  }
  return found;
}
