// Logging in and out, and losing the login in the middle of something.
import assert from 'node:assert/strict';
import test from 'node:test';
import { button, says, until, withConsole } from './console_test.mjs';

const NOBODY = { user: null };
async function logIn(page, user, password) {
  await page.getByLabel('User').fill(user);
  await page.getByLabel('Password').fill(password);
  await button(page, 'Log in').click();
}

test(
  'whoever is not logged in is asked to, and comes to the page that was wanted',
  withConsole({ ...NOBODY, path: '/tickets?state=all' }, async ({ page }) => {
    await says(page, 'Log in to see that page.');
    await logIn(page, 'ann', 'correct horse');
    await page.locator('h1', { hasText: 'Tickets' }).waitFor();
    assert.equal(new URL(page.url()).search, '?state=all');
  }),
);

test(
  'a wrong password is refused and nothing is told about which was wrong',
  withConsole({ ...NOBODY, path: '/' }, async ({ page }) => {
    await logIn(page, 'ann', 'wrong');
    await says(page, 'User or password is wrong.');
    await logIn(page, 'ann', 'correct horse');
    await says(page, 'What needs attention');
  }),
);

test(
  'empty fields are not sent',
  withConsole({ ...NOBODY, path: '/' }, async ({ fake, page }) => {
    await button(page, 'Log in').click();
    await says(page, 'Enter user and password.');
    assert.equal(fake.requests.filter(({ path }) => path === '/login').length, 0);
  }),
);

test(
  'too many attempts are explained',
  withConsole({ ...NOBODY, path: '/' }, async ({ fake, page }) => {
    fake.refuse(/^\/login$/, 429, 'throttled', 'Try again in 30 s.');
    await logIn(page, 'ann', 'correct horse');
    await says(page, 'Too many attempts');
    await says(page, 'Try again in 30 s.');
  }),
);

test(
  'a next page outside of the console is not followed',
  withConsole({ ...NOBODY, path: '/login?next=//example.com/' }, async ({ fake, page }) => {
    await logIn(page, 'ann', 'correct horse');
    await says(page, 'What needs attention');
    assert.equal(page.url(), `${fake.url}/`);
  }),
);

test(
  'a login that ends in the middle leads to the login and back',
  withConsole({ path: '/devices/freezer-7' }, async ({ fake, page }) => {
    await says(page, 'Suction line');
    fake.user = undefined;
    // A refresh of the page's own may notice before the click lands; then there is no button any more.
    await button(page, '24 h').click({ timeout: 3000 }).catch(() => {});
    await says(page, 'Your login has ended');
    await logIn(page, 'ann', 'correct horse');
    await page.locator('h1', { hasText: 'freezer-7' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/devices/freezer-7');
  }),
);

test(
  'logging out ends the login at the gateway',
  withConsole({ path: '/' }, async ({ fake, page }) => {
    await button(page, 'Log out').click();
    await page.getByLabel('Password').waitFor();
    await until('the gateway knows', () => fake.user === undefined);
    await until('no socket stays', () => fake.live.size === 0);
  }),
);

test(
  'the menu shows the audit log to those who may read it',
  withConsole({ user: 'vera', path: '/' }, async ({ fake, page, visit }) => {
    await page.getByRole('link', { name: 'Audit' }).waitFor();
    fake.user = { user: 'ann', name: 'Ann', role: 'engineer' };
    await visit('/');
    assert.equal(await page.getByRole('link', { name: 'Audit' }).count(), 0);
  }),
);
