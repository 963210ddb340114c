// Without a mouse.
import assert from 'node:assert/strict';
import test from 'node:test';
import { button, says, until, withConsole } from './console_test.mjs';

const focused = (page) =>
  page.evaluate(
    () => document.activeElement.textContent.trim() || document.activeElement.getAttribute('aria-label') || document.activeElement.tagName,
  );
async function press(page, keys) {
  for (const key of keys) await page.keyboard.press(key);
}

test(
  'Tab reaches everything that can be clicked, and one sees where one is',
  withConsole({ path: '/tickets/41' }, async ({ page }) => {
    await page.locator('details').first().waitFor();
    const all = await page
      .locator('a[href]:visible, button:visible:enabled, input:visible, select:visible, textarea:visible, summary:visible')
      .count();
    const seen = new Set();
    for (let i = 0; i < all + 10; i++) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const element = document.activeElement;
        const style = getComputedStyle(element);
        if (element === document.body) return null;
        element.dataset.seen ??= String(document.querySelectorAll('[data-seen]').length);
        return { id: element.dataset.seen, outline: style.outlineStyle, name: element.outerHTML.slice(0, 80) };
      });
      if (!at) break;
      assert.notEqual(at.outline, 'none', `no visible focus on ${at.name}`);
      seen.add(at.id);
    }
    assert.ok(seen.size >= all, `${seen.size} of ${all} reached`);
  }),
);

test(
  'the first Tab skips to the page',
  withConsole({ path: '/fleet' }, async ({ page }) => {
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Skip to the page');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.closest('main') !== null), true);
  }),
);

test(
  'g and a letter go to a page, / to the search, ? shows the keys',
  withConsole({ path: '/' }, async ({ page }) => {
    await press(page, 'gf');
    await page.locator('h1', { hasText: 'Fleet' }).waitFor();
    await press(page, '/');
    await page.keyboard.type('washer-2');
    await until('the search', async () => /q=washer-2/.test(page.url()));
    await page.keyboard.type('gt');
    assert.match(page.url(), /fleet/, 'letters typed into a field are letters');
    await page.locator('h1').click();
    await press(page, 'gt');
    await page.locator('h1', { hasText: 'Tickets' }).waitFor();
    await press(page, '?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }),
);

test(
  'shortcuts can be switched off',
  withConsole({ path: '/' }, async ({ page }) => {
    await press(page, '?');
    await page.getByLabel('Shortcuts are on').uncheck();
    await page.keyboard.press('Escape');
    await press(page, 'gf');
    await page.reload();
    await page.locator('h1').waitFor();
    await press(page, 'gf');
    assert.equal(new URL(page.url()).pathname, '/');
  }),
);

test(
  'a session is asked for by keys alone, and focus comes back',
  withConsole({ path: '/tickets/41' }, async ({ page }) => {
    await button(page, 'Ask for a remote session').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await focused(page), 'Ask for a remote session');
    await page.keyboard.press('Enter');
    await page.getByLabel('Why? The owner reads this.').focus();
    await page.keyboard.type('Look at it');
    await press(page, ['Tab', 'Tab', 'Enter']);
    await says(page, 'The product is asking its owner now.');
  }),
);

test(
  'a new page takes the focus, so a screen reader starts there',
  withConsole({ path: '/' }, async ({ page }) => {
    await page.getByRole('link', { name: 'Fleet' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('h1', { hasText: 'Fleet' }).waitFor();
    await until('main has the focus', () => page.evaluate(() => document.activeElement.tagName === 'MAIN'));
    assert.equal(await page.title(), 'Fleet · Fieldline');
  }),
);
