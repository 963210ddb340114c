// A terminal that only draws. What a product prints is written by whoever holds the product, so every sequence that reaches
// beyond the cells is taken off before xterm.js acts on it: titles, links, clipboard, colours of the palette, notifications,
// images, moving or asking the window, and every question that the terminal would answer (the answer would be typed at the
// product in the engineer's name). Programs do without: they wait a moment and take a plain terminal for granted.
import type { Terminal } from '@xterm/xterm';

// Operating system commands by number: 0 to 2 title, 4 and 5 and 10 to 19 colours, 7 folder, 8 links, 9, 99 and 777
// notifications, 46 log file, 50 font, 52 clipboard, 1337 images and more. Others xterm.js does not know.
const OSC = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 46, 50, 51, 52, 60, 99, 104, 105, 110, 111, 112, 113, 114, 115,
  116, 117, 118, 119, 133, 176, 177, 440, 555, 633, 666, 697, 701, 777, 1337,
];
// Questions and windows: device attributes, status and cursor reports, modes, window operations, the terminal's name.
const CSI = [
  { final: 'c' },
  { prefix: '>', final: 'c' },
  { prefix: '=', final: 'c' },
  { final: 'n' },
  { prefix: '?', final: 'n' },
  { prefix: '>', final: 'q' },
  { final: 't' },
  { prefix: '>', final: 't' },
  { intermediates: '$', final: 'p' },
  { prefix: '?', intermediates: '$', final: 'p' },
  { final: 'x' },
  { prefix: '?', final: 'S' },
  { prefix: '?', final: 'u' },
  { prefix: '>', final: 'u' },
  { prefix: '<', final: 'u' },
  { prefix: '=', final: 'u' },
];
// Device control strings: settings asked for, capabilities asked for, images, reports.
const DCS = [
  { intermediates: '$', final: 'q' },
  { intermediates: '+', final: 'q' },
  { intermediates: '+', final: 'p' },
  { final: 'q' },
  { final: '|' },
];
const TELLS_FOCUS = 1004; // a mode in which the window's coming and going is typed at the program

export function quiet(terminal: Terminal): Terminal {
  const swallow = (): boolean => true;
  for (const number of OSC) terminal.parser.registerOscHandler(number, swallow);
  for (const id of CSI) terminal.parser.registerCsiHandler(id, swallow);
  for (const id of DCS) terminal.parser.registerDcsHandler(id, swallow);
  terminal.parser.registerCsiHandler({ prefix: '?', final: 'h' }, (numbers) => {
    if (!numbers.includes(TELLS_FOCUS)) return false;
    const others = numbers.filter((number) => number !== TELLS_FOCUS);
    if (others.length > 0) terminal.write(`\x1b[?${others.join(';')}h`);
    return true;
  });
  return terminal;
}
