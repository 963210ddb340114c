// What the console says when something goes wrong, and that it goes on by itself when that is over.
import assert from 'node:assert/strict';
import test from 'node:test';
import { button, says, until, withConsole } from './console_test.mjs';
import { SESSION_LIVE } from './fake-data.mjs';

const banner = (page) => page.locator('.banner');

test(
  'a gateway that dies: a banner, the old data stays; it rises: the page goes on',
  withConsole({ path: '/' }, async ({ fake, page }) => {
    await says(page, 'Drum bearing is wearing');
    await says(page, 'Live');
    await fake.die();
    await page.getByRole('link', { name: 'Fleet' }).click();
    await banner(page).waitFor();
    await says(page, 'The gateway cannot be reached.');
    fake.data.devices[0].id = 'freezer-70';
    await fake.rise();
    await button(page, 'Try now').click();
    await banner(page).waitFor({ state: 'detached' });
    await says(page, 'freezer-70');
    await until('live again', () => fake.live.size === 1);
  }),
);

test(
  'it comes back without a click too, and what is shown is loaded again',
  withConsole({ path: '/tickets' }, async ({ fake, page }) => {
    await says(page, 'Drum bearing is wearing');
    await fake.die();
    await page.getByRole('searchbox').fill('smell');
    await banner(page).waitFor();
    fake.data.tickets[0].subject = 'Smells of burning';
    await fake.rise();
    await says(page, 'Smells of burning');
    await banner(page).waitFor({ state: 'detached' });
  }),
);

test(
  'a page opened while the gateway is away waits for it',
  withConsole({ path: '/' }, async ({ fake, page }) => {
    const restore = fake.refuse(/^\/overview$/, 503, 'busy', 'The readers are busy.');
    await page.reload();
    await says(page, 'The gateway had an error of its own.');
    await says(page, 'The readers are busy.');
    await says(page, 'Code: busy');
    await says(page, 'Drum bearing is wearing');
    restore();
    await button(page, 'Load again').click();
    await says(page, '243 of 244');
  }),
);

test(
  'an error while old data is shown is a note beside it',
  withConsole({ path: '/sessions' }, async ({ fake, page }) => {
    await says(page, 'freezer-7');
    fake.refuse(/^\/sessions$/, 500, 'internal', 'disk I/O error');
    fake.notify('session', 'x');
    await says(page, 'disk I/O error');
    await says(page, 'freezer-7');
  }),
);

for (const [path, text] of [
  ['/devices/nobody', 'There is no device nobody.'],
  ['/tickets/9999', 'There is no ticket 9999.'],
  ['/sessions/nothing', 'There is no session nothing.'],
]) {
  test(
    `${path} does not exist and says so`,
    withConsole({}, async ({ fake, page }) => {
      await page.goto(fake.url + path);
      await says(page, 'This does not exist, or no longer.');
      await says(page, text);
    }),
  );
}

test(
  'an address that no page has',
  withConsole({ path: '/nowhere/at/all' }, async ({ page }) => {
    await says(page, 'There is no such page.');
    await page.getByRole('link', { name: 'Go to today' }).click();
    await says(page, 'What needs attention');
  }),
);

test(
  'a role that may not is told so',
  withConsole({ path: '/audit' }, async ({ page }) => {
    await says(page, 'Your role does not allow this.');
    await says(page, 'The audit log is for supervisors, administrators and auditors.');
  }),
);

test(
  'an acknowledgement that comes too late is explained',
  withConsole({ path: '/' }, async ({ fake, page }) => {
    fake.refuse(/acknowledge$/, 409, 'cleared', 'The alarm has cleared meanwhile.');
    await button(page, 'Acknowledge: Superheat above 12 K').click();
    await says(page, 'Somebody or something changed this in the meantime.');
    await says(page, 'The alarm has cleared meanwhile.');
  }),
);

test(
  'a session whose socket is refused keeps trying and says so',
  withConsole({}, async ({ fake, page, visit }) => {
    const restore = fake.refuse(/^\/ws-tickets$/, 503, 'busy', 'Too many.');
    await visit(`/sessions/${SESSION_LIVE}`);
    await says(page, 'The connection to the gateway was lost.');
    restore();
    await button(page, 'Open the terminal').waitFor();
  }),
);

test(
  'an answer that is no JSON is an error, not a blank page',
  withConsole({}, async ({ fake, page }) => {
    await page.route('**/api/v1/devices?*', (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>Proxy</h1>' }));
    await page.goto(`${fake.url}/fleet`);
    await says(page, 'That did not work.');
    assert.equal(await page.getByText('Proxy').count(), 0);
  }),
);
