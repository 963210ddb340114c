// What a product may print to reach beyond its terminal (promise 45), and what would have happened if it had.
import assert from 'node:assert/strict';

const OSC_END = ['\x07', '\x1b\\'];
export const ATTACKS = [
  ...OSC_END.flatMap((end) => [
    `\x1b]0;owned${end}`,
    `\x1b]2;owned${end}`,
    `\x1b]52;c;b3duZWQ=${end}`,
    `\x1b]52;c;?${end}`,
    `\x1b]8;;javascript:owned()${end}link\x1b]8;;${end}`,
    `\x1b]4;1;?${end}`,
    `\x1b]10;?${end}`,
    `\x1b]11;?${end}`,
    `\x1b]1337;File=inline=1:AAAA${end}`,
    `\x1b]9;owned${end}`,
    `\x1b]777;notify;owned;owned${end}`,
  ]),
  '\x1b[c', '\x1b[>c', '\x1b[=c', '\x1b[5n', '\x1b[6n', '\x1b[?6n', '\x1b[?26n', // who are you, where are you
  '\x1b[11t', '\x1b[13t', '\x1b[14t', '\x1b[18t', '\x1b[19t', '\x1b[20t', '\x1b[21t', '\x1b[3;0;0t', '\x1b[8;5;5t', '\x1b[22;2t', // windows
  '\x1b[?1$p', '\x1b[4$p', '\x1b[x', '\x1b[>q', '\x1b[?u', // modes, parameters, the terminal's name, its keyboard
  '\x1bP$q"p\x1b\\', '\x1bP+q544e\x1b\\', '\x1bPq#0;2;0;0;0~\x1b\\', // settings, capabilities, an image
  '\x1b_Ga=T,f=100;AAAA\x1b\\', '\x1b^owned\x1b\\', '\x1bXowned\x1b\\', // more strings
  '\x05', // who are you, of old
  '\x1b[?1004h', '\x1b[?1004;2004h', // tell me when the window comes and goes
];

/** Before the page is opened: remembers what must not happen. */
export async function watchAttacks(page) {
  await page.addInitScript(() => {
    globalThis.happened = [];
    const note = (what) => () => globalThis.happened.push(what);
    globalThis.open = note('window.open');
    globalThis.owned = note('script');
    for (const name of ['moveTo', 'moveBy', 'resizeTo', 'resizeBy']) globalThis[name] = note(name);
    if (navigator.clipboard) for (const name of ['writeText', 'readText', 'write', 'read']) navigator.clipboard[name] = async () => note(`clipboard.${name}`)();
    document.execCommand = (name) => note(name)();
    globalThis.Notification = class { constructor() { note('notification')(); } };
  });
}

export async function nothingHappened(page) {
  assert.deepEqual(await page.evaluate(() => globalThis.happened), []);
  assert.doesNotMatch(await page.title(), /owned/);
  assert.doesNotMatch(await page.locator('.xterm-rows').first().textContent(), /owned/);
}
