// Settings of a product in the browser, with the real gateway and a real agent: bounds said while typing, the difference, the
// countdown, kept and taken back; then a job over two products and its page. Both languages, narrow and wide.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ask, openTicket, waitState } from '../integration/service.mjs';
import { TestStack } from '../integration/stack.mjs';
import { tunable } from '../integration/tunable.mjs';
import { findBarriers } from './accessibility.mjs';
import { openPage, shoot, startBrowser } from './browser.mjs';
import { button, says, until } from './console_test.mjs';

const PASSWORD = 'a password for browsers only';
const stack = await TestStack.start('browser_configure');
await stack.gateway.addUser('ann', 'engineer', PASSWORD);
const support = await stack.as('support');
const client = await stack.gateway.login('ann', PASSWORD);
const machine = await tunable(stack, 'tunable-1');
const second = await tunable(stack, 'tunable-2');
for (const { product } of [machine, second]) await product.waitOnline(support);
const browser = await startBrowser();
after(async () => {
  client.close();
  await browser.close();
});

async function enter(options) {
  const page = await openPage(browser, options);
  page.context().setDefaultTimeout(30_000);
  await page.goto(stack.gateway.origin);
  await page.locator('input[autocomplete="username"], input[name="user"]').first().fill('ann');
  await page.locator('input[type="password"]').fill(PASSWORD);
  await page.locator('button[type="submit"]').click();
  await page.locator('nav').first().waitFor();
  return page;
}

test('a setting is changed, kept, changed again and taken back', stack.guard(async () => {
  const ticket = await openTicket(support, await stack.as('engineer'), machine.product.id);
  const asked = await ask(client, ticket, ['configure']);
  await waitState(client, asked.id, ['live']);
  const page = await enter();
  await page.goto(`${stack.gateway.origin}/sessions/${asked.id}`);
  await says(page, 'Set point');
  const field = page.getByLabel('New value: Set point');
  await field.fill('-31');
  await says(page, 'Not below -30 °C.');
  assert.ok(await button(page, 'Set on the product').isDisabled());
  await field.fill('-12');
  await says(page, 'This must hold: limit > setpoint + 2');
  await field.fill('-22.5');
  await says(page, 'What will change');
  await shoot(page, 'configure-difference', { fullPage: true });
  await button(page, 'Set on the product').click();
  await says(page, 'waits for your confirmation');
  assert.equal(await machine.value('setpoint'), '-22.5');
  assert.deepEqual(await findBarriers(page), []);
  await shoot(page, 'configure-waiting', { fullPage: true });
  await button(page, 'Keep the new values').click();
  await says(page, 'The new values are kept.');
  await machine.settled('-22.5 -10 low');
  await page.getByLabel('New value: Fan').selectOption('high');
  await button(page, 'Set on the product').click();
  await says(page, 'waits for your confirmation');
  await button(page, 'Take back').click();
  await says(page, 'The old values are back.');
  await machine.settled('-22.5 -10 low');
  await page.setViewportSize({ width: 400, height: 800 });
  await shoot(page, 'configure-narrow', { fullPage: true });
  assert.deepEqual(page.faults, []);
  await page.close();
  await client.post(`/sessions/${asked.id}/end`, {});
}));

test('a job is begun, followed and done', stack.guard(async () => {
  const page = await enter();
  await page.goto(`${stack.gateway.origin}/jobs`);
  await says(page, 'No job so far.');
  await page.getByLabel('Set point').fill('-24');
  await page.getByLabel('Products').fill('tunable-1\ntunable-2');
  await page.getByLabel('Why? Owners read this.').fill('warmer in summer');
  await page.getByLabel('Seconds to watch before the values are kept').fill('1');
  assert.deepEqual(await findBarriers(page), []);
  await shoot(page, 'jobs-new', { fullPage: true });
  await button(page, 'Start').click();
  await says(page, 'Job 1');
  await until('both products to be done', async () => (await page.getByText('kept', { exact: true }).count()) === 2, 90_000);
  assert.deepEqual(await findBarriers(page), []);
  await shoot(page, 'job-done', { fullPage: true });
  await machine.settled('-24 -10 low');
  await second.settled('-24 -10 low');
  assert.deepEqual(page.faults, []);
  await page.close();
  const chinese = await enter({ language: 'zh' });
  await chinese.goto(`${stack.gateway.origin}/jobs/1`);
  await says(chinese, '已保留');
  await shoot(chinese, 'job-zh', { fullPage: true });
  await chinese.close();
}));
