// Alarms: by state, what a person can do about one, why it was raised, what keeps it silent.
import assert from 'node:assert/strict';
import test from 'node:test';
import { button, says, until, withConsole } from './console_test.mjs';

const ALL = { path: '/alarms?show=active' };
const row = (page, text) => page.locator('tbody tr', { hasText: text });
const asked = (fake, end) => fake.requests.filter(({ path }) => path.endsWith(end));

test(
  'a filter is asked of the gateway and stays in the address',
  withConsole({ path: '/alarms' }, async ({ fake, page }) => {
    await row(page, 'Air is warmer').waitFor();
    assert.equal(await row(page, 'Water in the sump').count(), 0, 'what is silent is not open');
    for (const [choice, shown, hidden] of [
      ['acknowledged', 'Drum bearing', 'Air is warmer'],
      ['latched', 'door lock', 'Air is warmer'],
      ['shelved', 'Water in the sump', 'Air is warmer'],
      ['suppressed', 'A sensor is silent', 'Water in the sump'],
      ['flapping', 'Drum bearing', 'door lock'],
      ['past', 'Running on battery', 'Air is warmer'],
    ]) {
      await page.getByLabel('Show').selectOption(choice);
      await row(page, shown).first().waitFor();
      assert.equal(await row(page, hidden).count(), 0, choice);
      assert.match(page.url(), new RegExp(`show=${choice}`));
    }
  }),
);

test(
  'an alarm is shelved with a reason and a time, and taken back',
  withConsole(ALL, async ({ fake, page }) => {
    const air = row(page, 'Air is warmer');
    await air.getByRole('button', { name: /^Shelve/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('For how long?').selectOption('72');
    await dialog.getByRole('button', { name: 'Shelve', exact: true }).click();
    assert.equal(await dialog.count(), 1, 'not without a reason');
    await dialog.getByLabel('Why?').fill('The service van is on its way');
    await dialog.getByRole('button', { name: 'Shelve', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await air.getByText('The service van is on its way').waitFor();
    assert.deepEqual(asked(fake, '/shelve')[0].body, { minutes: 72 * 60, reason: 'The service van is on its way' });
    await air.getByRole('button', { name: /^Take from the shelf/ }).click();
    await air.getByRole('button', { name: /^Shelve/ }).waitFor();
    assert.equal(fake.data.alarms[0].shelved, null);
  }),
);

test(
  'shelving works by keys alone, and the focus comes back',
  withConsole(ALL, async ({ page }) => {
    const shelve = row(page, 'Superheat').getByRole('button', { name: /^Shelve/ });
    await shelve.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await until('the reason has the focus', () => page.evaluate(() => document.activeElement.getAttribute('name') === 'reason'));
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /^Shelve: Superheat/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('by keys');
    await page.keyboard.press('Enter');
    await row(page, 'Superheat').getByText('by keys').waitFor();
  }),
);

test(
  'a latched alarm is reset; what the gateway refuses is said',
  withConsole(ALL, async ({ fake, page }) => {
    await row(page, 'door lock').getByRole('button', { name: /^Reset/ }).click();
    await row(page, 'door lock').waitFor({ state: 'detached' });
    fake.data.alarms.find((a) => a.id === 4).shelved = { by: 'x', reason: 'y', from_ms: 0, until_ms: Date.now() + 1e6 };
    const shelved = row(page, 'Water in the sump').getByRole('button', { name: /^Take from the shelf/ });
    fake.data.alarms.find((a) => a.id === 4).shelved = null;
    await shelved.click();
    await says(page, 'The alarm is not shelved.');
  }),
);

test(
  'an alarm explains itself',
  withConsole(ALL, async ({ page }) => {
    const air = row(page, 'Air is warmer');
    await air.getByText('Why it was raised').click();
    await air.getByText('avg_over_time(air_temperature[10m])').waitFor();
    await air.getByText('-12.4375').waitFor();
    assert.equal(await row(page, 'Drum bearing').getByText('Why it was raised').count(), 0, 'nothing to say');
  }),
);

test(
  'an owner and an auditor see, and can do nothing',
  withConsole({ ...ALL, user: 'vera' }, async ({ page, visit }) => {
    await row(page, 'Air is warmer').waitFor();
    assert.equal(await page.locator('tbody button').count(), 0);
    await visit('/alarms/silent');
    await says(page, 'Seal is ordered');
    assert.equal(await button(page, 'Announce maintenance').count(), 0);
    assert.equal(await page.locator('tbody button').count(), 0);
  }),
);

test(
  'maintenance is announced, refused with words, and ended early',
  withConsole({ path: '/alarms/silent' }, async ({ fake, page }) => {
    await button(page, 'Announce maintenance').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Of what?').selectOption('site');
    await dialog.getByLabel('Which?').fill('ward-3');
    await dialog.getByLabel('Reason').fill('New filters');
    await dialog.getByLabel('Until').fill('2001-01-01T10:00');
    await dialog.getByRole('button', { name: 'Announce maintenance' }).click();
    await says(page, "'to_ms' is in the past");
    await dialog.getByLabel('Until').fill('2999-01-01T10:00');
    await dialog.getByRole('button', { name: 'Announce maintenance' }).click();
    await dialog.waitFor({ state: 'detached' });
    await row(page, 'New filters').waitFor();
    const { body } = asked(fake, '/maintenance').filter(({ body: b }) => b?.reason).at(-1);
    assert.deepEqual([body.scope, body.target, body.to_ms], ['site', 'ward-3', Date.UTC(2999, 0, 1, 10)]);
    await row(page, 'New filters').getByRole('button', { name: /^End now/ }).click();
    await says(page, 'ended by ann');
  }),
);

test(
  'an incident leads to its members and its ticket, the ticket back to it',
  withConsole({ path: '/alarms/incidents' }, async ({ page }) => {
    await page.getByRole('link', { name: 'pump_stuck' }).click();
    await row(page, 'washer-102').waitFor();
    await row(page, 'washer-103').getByText('cleared').waitFor();
    await page.locator('.facts').getByRole('link', { name: '#42' }).click();
    await page.getByRole('link', { name: 'Show the members' }).click();
    await row(page, 'washer-102').waitFor();
  }),
);

test(
  'where a product stands can be changed',
  withConsole({ path: '/devices/washer-2' }, async ({ fake, page }) => {
    await page.getByRole('button', { name: /^Change: Where/ }).click();
    await page.getByRole('dialog').getByLabel('Site').fill('ward-2');
    await page.getByRole('dialog').getByLabel('Hangs on').fill('gateway-host');
    await button(page, 'Save').click();
    await page.locator('.facts').getByRole('link', { name: 'gateway-host' }).waitFor();
    assert.deepEqual(asked(fake, '/location')[0].body, { site: 'ward-2', parent: 'gateway-host' });
  }),
);
