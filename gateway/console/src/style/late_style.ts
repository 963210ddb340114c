// Stands where xterm.js would make a <style> element, which the page's policy forbids (build.mjs puts it there): the text that
// it is given becomes a constructed style sheet. xterm sets the text, appends the element to its own, and removes it.
import { adopt_style, drop_style } from './adopt';

export function late_style(): HTMLElement {
  const element = document.createElement('span');
  element.hidden = true;
  let sheet: CSSStyleSheet | undefined;
  Object.defineProperty(element, 'textContent', {
    set(css: string) {
      if (sheet) sheet.replaceSync(css);
      else sheet = adopt_style(css);
    },
  });
  element.remove = () => {
    if (sheet) drop_style(sheet);
    sheet = undefined;
    Element.prototype.remove.call(element);
  };
  return element;
}
