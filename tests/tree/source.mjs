// The source tree as these tests see it: its C files with their include lines.
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export async function files(folder, ending) {
  const found = [];
  const entries = await readdir(join(ROOT, folder), { withFileTypes: true });
  for (const entry of entries) {
    if (entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await files(path, ending)));
    else if (ending.test(entry.name)) found.push(path);
  }
  return found;
}

/** [{path, line, name, isSystem}], one for each include line. */
export async function includes(...folders) {
  const found = [];
  for (const folder of folders) {
    for (const path of await files(folder, /\.[ch]$/)) {
      const text = await readFile(join(ROOT, path), 'utf8');
      text.split('\n').forEach((content, index) => {
        const match = /^\s*#\s*include\s+([<"])([^>"]+)[>"]/.exec(content);
        if (match) found.push({ path: relative('.', path), line: index + 1, name: match[2], isSystem: match[1] === '<' });
      });
    }
  }
  return found;
}

export const read = (path) => readFile(join(ROOT, path), 'utf8');
