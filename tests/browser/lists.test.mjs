// What people do on the pages that list things: switch the language, search, page, filter, zoom, acknowledge, open a ticket.
import assert from 'node:assert/strict';
import test from 'node:test';
import { button, says, screen, until, withConsole } from './console_test.mjs';
import { SESSION_LIVE } from './fake-data.mjs';

test(
  'the language is switched at once and remembered',
  withConsole({ path: '/tickets' }, async ({ page, visit }) => {
    await button(page, '中文').click();
    await page.locator('h1', { hasText: '工单' }).waitFor();
    await visit('/fleet');
    await says(page, '疫苗冷冻柜');
    await button(page, 'English').click();
    await says(page, 'Vaccine freezer');
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), ['fieldline.language'], 'and nothing else is remembered');
  }),
);

test(
  'the fleet is searched and paged',
  withConsole({ path: '/fleet' }, async ({ page }) => {
    await button(page, 'Next page').click();
    await page.getByRole('link', { name: 'washer-196', exact: true }).waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'freezer-7', exact: true }).waitFor();
    await page.getByRole('searchbox').fill('washer-33');
    await until('only the matches are left', async () => (await page.locator('tbody tr').count()) === 10);
    assert.match(page.url(), /q=washer-33/);
  }),
);

test(
  'the charts take another range, add a measurement and zoom',
  withConsole({ path: '/devices/freezer-7' }, async ({ fake, page }) => {
    await page.locator('.chart .u-over').first().waitFor();
    await button(page, '24 h').click();
    await until('history of a day is asked for', () =>
      fake.requests.some(({ path, query }) => path.endsWith('/history') && span(query) === 86_400_000),
    );
    await page.getByText('More measurements').click();
    await page.getByLabel('Memory used').check();
    await page.locator('.chart', { hasText: 'Memory used' }).locator('.u-over').waitFor();
    await says(page, /now \d+(\.\d+)? MiB/);
    const box = await page.locator('.chart .u-over').first().boundingBox();
    await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await button(page, 'Back to now').waitFor();
    await until('history of the stretch is asked for', () =>
      fake.requests.some(({ path, query }) => path.endsWith('/history') && Math.abs(span(query) - 0.2 * 86_400_000) < 600_000),
    );
  }),
);
const span = (query) => Number(new URLSearchParams(query).get('to_ms')) - Number(new URLSearchParams(query).get('from_ms'));

test(
  'a year can be drawn, and says what is missing in it',
  withConsole({ path: '/devices/freezer-7' }, async ({ fake, page }) => {
    await page.locator('.chart .u-over').first().waitFor();
    assert.equal(await page.getByText('damaged').count(), 0);
    await button(page, '1 year').click();
    await until('history of a year is asked for', () =>
      fake.requests.some(({ path, query }) => path.endsWith('/history') && span(query) === 365 * 86_400_000),
    );
    await says(page, /damaged and left out here: 2/);
  }),
);

test(
  'the log is filtered, searched and paged',
  withConsole({ path: '/devices/freezer-7' }, async ({ page }) => {
    const lines = page.locator('.log tbody tr');
    await until('200 lines', async () => (await lines.count()) === 200);
    await button(page, 'Older lines').click();
    await says(page, 'defrost step 200');
    await page.getByLabel('At least').selectOption({ label: 'error' });
    await until('only errors', async () => (await lines.count()) === 75);
    await page.getByRole('searchbox', { name: 'Search in the log' }).fill('(10)');
    await until('one line', async () => (await lines.count()) === 1);
  }),
);

test(
  'a notice brings the news to the page',
  withConsole({ path: '/' }, async ({ fake, page }) => {
    await says(page, 'Live');
    fake.data.tickets.unshift({ ...fake.data.tickets[0], id: 77, subject: 'Smells of burning' });
    fake.notify('ticket', 77, 'washer-2');
    await says(page, 'Smells of burning');
  }),
);

test(
  'an alarm is acknowledged',
  withConsole({ path: '/' }, async ({ fake, page }) => {
    await button(page, 'Acknowledge: Superheat above 12 K').click();
    await until('it is gone from the list', async () => (await button(page, 'Acknowledge: Superheat above 12 K').count()) === 0);
    assert.ok(fake.requests.some(({ method, path }) => method === 'POST' && path === '/alarms/8/acknowledge'));
  }),
);

test(
  'a ticket is opened by hand',
  withConsole({ path: '/devices/washer-2' }, async ({ fake, page }) => {
    await button(page, 'Open a ticket').click();
    await page.getByLabel('Subject').fill('Door does not lock');
    await page.getByLabel('What is wrong?').fill('Customer called');
    await button(page, 'Open ticket').click();
    await page.locator('h1', { hasText: 'Door does not lock' }).waitFor();
    const { body } = fake.requests.find(({ method, path }) => method === 'POST' && path === '/tickets');
    assert.deepEqual(body, {
      device: 'washer-2',
      subject: 'Door does not lock',
      text: 'Customer called',
      severity: 'minor',
      source: 'phone',
    });
  }),
);

test(
  'the audit log is paged to its end',
  withConsole({ user: 'vera', path: '/audit' }, async ({ page }) => {
    const rows = page.locator('tbody tr');
    await until('a page', async () => (await rows.count()) === 200);
    await button(page, 'Older entries').click();
    await until('two pages', async () => (await rows.count()) === 400);
    await button(page, 'Older entries').click();
    await until('all', async () => (await rows.count()) === 450);
    assert.equal(await button(page, 'Older entries').count(), 0);
  }),
);

test(
  'the terminal is not even there where the owner did not consent to it',
  withConsole({}, async ({ fake, page, visit }) => {
    fake.data.sessions[0].capabilities = ['observe'];
    await visit(`/sessions/${SESSION_LIVE}`);
    await button(page, 'Watch').waitFor();
    assert.equal(await page.locator('.terminal').count(), 0);
    assert.equal(await screen(page), '');
  }),
);

test(
  'a series that the product never reported is an empty chart, not an error',
  withConsole({}, async ({ fake, page, visit }) => {
    fake.refuse(/\/history$/, 404, 'not_found', 'there is no such series');
    await visit('/devices/freezer-7');
    await page.locator('.chart', { hasText: 'Air temperature' }).getByText('No measurements in this time.').waitFor();
    assert.equal(await page.getByText('there is no such series').count(), 0);
  }),
);

test(
  'a counter of bytes is drawn as its speed, and a reset of it is no speed',
  withConsole({}, async ({ fake, page, visit }) => {
    const { metrics } = fake.data.devices.find(({ id }) => id === 'washer-2');
    metrics[0] = { name: 'received', title: 'Received', title_zh: '', unit: 'B', kind: 'counter', charted: true, parts: [] };
    await page.route('**/history?*', (route) => {
      const end = Number(new URL(route.request().url()).searchParams.get('to_ms'));
      const t = [40, 30, 20, 10].map((ago) => end - ago * 1_000);
      const counted = [1_000_000, 1_020_480, 0, 20_480];
      return route.fulfill({
        json: { metric: 'received', part: '', unit: 'B', step_ms: 7_200, t, min: counted, mean: counted, max: counted },
      });
    });
    await visit('/devices/washer-2');
    await says(page, 'now 2 KiB/s, lowest 2 KiB/s, highest 2 KiB/s');
  }),
);
