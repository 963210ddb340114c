// The case file: moving it along, conflicts, knowledge that cannot attack, and asking for a session.
import assert from 'node:assert/strict';
import test from 'node:test';
import { button, says, until, withConsole } from './console_test.mjs';
import { SESSION_ASKING } from './fake-data.mjs';

const TICKET = { path: '/tickets/41' };
const actionsOf = (fake) => fake.requests.filter(({ path }) => path.endsWith('/actions'));

test(
  'an arrow that requires nothing is taken with one click, on the version that was seen',
  withConsole(TICKET, async ({ fake, page }) => {
    await button(page, 'Start diagnosing').click();
    await page.locator('.facts').getByText('Diagnosing').waitFor();
    await button(page, 'Agree on a plan').waitFor();
    const [{ body, ifMatch }] = actionsOf(fake);
    assert.deepEqual(body, { action: 'diagnose' });
    assert.equal(ifMatch, '"3"');
  }),
);

test(
  'an arrow that requires words asks for them',
  withConsole(TICKET, async ({ fake, page }) => {
    await button(page, 'Comment').first().click();
    const form = page.locator('form', { has: page.getByRole('textbox', { name: 'What you want to say' }) });
    assert.ok(await form.getByRole('button', { name: 'Comment' }).isDisabled(), 'nothing written yet');
    await form.getByRole('textbox').fill('The ward has moved the vaccine.');
    await form.getByRole('button', { name: 'Comment' }).click();
    await page.locator('.timeline').getByText('The ward has moved the vaccine.').waitFor();
    assert.deepEqual(actionsOf(fake)[0].body, { action: 'comment', text: 'The ward has moved the vaccine.' });
  }),
);

test(
  'a new ticket is assigned, to oneself unless another name is typed',
  withConsole({ path: '/tickets/42' }, async ({ fake, page }) => {
    await button(page, 'Assign').first().click();
    const field = page.getByLabel('Assign to (user name)');
    assert.equal(await field.inputValue(), 'ann');
    await page.locator('form').getByRole('button', { name: 'Assign' }).click();
    await page.locator('.facts').getByText('Assigned', { exact: true }).waitFor();
    assert.deepEqual(actionsOf(fake)[0].body, { action: 'assign', assignee: 'ann' });
  }),
);

test(
  'somebody was faster: nothing is done, the new state is shown, the words are kept',
  withConsole(TICKET, async ({ fake, page }) => {
    await button(page, 'Comment').first().click();
    const words = page.getByRole('textbox', { name: 'What you want to say' });
    await words.fill('I will call the ward.');
    fake.data.tickets[1].version = 4;
    fake.data.tickets[1].assignee = 'sun';
    await page.locator('form').getByRole('button', { name: 'Comment' }).click();
    await says(page, 'The ticket changed while you were writing.');
    await page.locator('.facts').getByText('sun').waitFor();
    assert.equal(await words.inputValue(), 'I will call the ward.');
    await page.locator('form').getByRole('button', { name: 'Comment' }).click();
    await page.locator('.timeline').getByText('I will call the ward.').waitFor();
    assert.deepEqual(
      actionsOf(fake).map(({ ifMatch }) => ifMatch),
      ['"3"', '"4"'],
    );
  }),
);

test(
  'a closed ticket offers neither arrows nor a session',
  withConsole({ path: '/tickets/40' }, async ({ page }) => {
    await says(page, 'There is nothing that you can do in this state.');
    assert.equal(await button(page, 'Ask for a remote session').count(), 0);
  }),
);

test(
  'an article is text: it runs no script, loads nothing, and leads only where it may',
  withConsole(TICKET, async ({ page }) => {
    const article = page.locator('details', { hasText: 'Loses refrigerant' });
    await article.getByText('<script>window.hacked = true</script>').waitFor();
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    assert.equal(await article.locator('img, script').count(), 0);
    assert.deepEqual(await article.locator('a').evaluateAll((links) => links.map((link) => link.getAttribute('href'))), [
      'https://example.com/vf-300',
    ]);
    assert.equal(await article.locator('table td').count(), 6);
  }),
);

async function ask(page, { shell = false } = {}) {
  await button(page, 'Ask for a remote session').click();
  const dialog = page.getByRole('dialog');
  if (shell) await dialog.getByLabel('Use a terminal').check();
  await dialog.getByLabel('For how long?').selectOption('60');
  await dialog.getByLabel('Why? The owner reads this.').fill('Read the superheat');
  await button(dialog, 'Ask the owner').click();
  await says(page, 'The product is asking its owner now.');
}
const asked = (fake) => fake.data.sessions.find(({ id }) => id === SESSION_ASKING);

test(
  'a session is asked for, consented to, and opens by itself',
  withConsole(TICKET, async ({ fake, page }) => {
    await ask(page, { shell: true });
    assert.deepEqual(fake.requests.find(({ path }) => path === '/tickets/41/sessions').body, {
      capabilities: ['observe', 'diagnose', 'shell'],
      minutes: 60,
      reason: 'Read the superheat',
    });
    fake.settle(asked(fake), { state: 'live', started_ms: Date.now(), deadline_ms: Date.now() + 3_600_000 });
    await button(page, 'Open the terminal').waitFor();
  }),
);

test(
  'the owner reads a code out: a wrong one, then the right one',
  withConsole(TICKET, async ({ fake, page }) => {
    await ask(page);
    fake.settle(asked(fake), { state: 'code_required', text: 'The code is valid for 5 minutes.' });
    await page.getByLabel('Code from the owner').fill('1234');
    await button(page, 'Send the code').click();
    await says(page, 'The code was wrong; 2 tries are left.');
    await page.getByLabel('Code from the owner').fill('47 11');
    await button(page, 'Send the code').click();
    await page.getByRole('tab', { name: 'Live values' }).click();
    await button(page, 'Watch').waitFor();
    assert.equal(await page.locator('.terminal').count(), 0, 'no terminal was asked for');
  }),
);

for (const [why, says_, todo] of [
  ['refused', 'The owner said no.', 'Talk to the owner before you ask again.'],
  ['timed_out', 'No answer counts as no.', 'Call the owner'],
  ['device_offline', 'The product is offline', 'Wait until the product is online'],
  ['off_on_product', 'switched off on the product', 'only be switched on at the product itself'],
  ['something_new', 'A reason of tomorrow.', ''],
]) {
  test(
    `no session: ${why}`,
    withConsole(TICKET, async ({ fake, page }) => {
      await ask(page);
      fake.settle(asked(fake), {
        state: why === 'device_offline' ? 'failed' : 'denied',
        why,
        text: 'A reason of tomorrow.',
        ended_ms: Date.now(),
      });
      await says(page, says_);
      if (todo) await says(page, todo);
    }),
  );
}

test(
  'the request is withdrawn',
  withConsole(TICKET, async ({ fake, page }) => {
    await ask(page);
    await button(page, 'Withdraw the request').click();
    await says(page, 'The request was withdrawn.');
    assert.ok(fake.requests.some(({ path }) => path === `/sessions/${SESSION_ASKING}/end`));
  }),
);

test(
  'the gateway refuses the request: the words stay in the form',
  withConsole(TICKET, async ({ fake, page }) => {
    fake.refuse(/^\/tickets\/41\/sessions$/, 409, 'offline', 'freezer-7 is not connected.');
    await button(page, 'Ask for a remote session').click();
    await page.getByLabel('Why? The owner reads this.').fill('Read the superheat');
    await button(page, 'Ask the owner').click();
    await says(page, 'freezer-7 is not connected.');
    assert.equal(await page.getByLabel('Why? The owner reads this.').inputValue(), 'Read the superheat');
  }),
);

test(
  'nothing chosen is not asked for; what the product does not allow is not offered',
  withConsole({}, async ({ fake, page, visit }) => {
    await visit('/tickets/42');
    await button(page, 'Ask for a remote session').click();
    await page.getByLabel('Watch').uncheck();
    assert.equal(await page.getByLabel('Use a terminal').count(), 0);
    await page.getByLabel('Why? The owner reads this.').fill('x');
    await button(page, 'Ask the owner').click();
    await says(page, 'Choose at least one.');
    assert.equal(fake.requests.filter(({ path }) => path.endsWith('/sessions') && path.startsWith('/tickets')).length, 0);
  }),
);

test(
  'an offline product that allows nothing: said before anybody asks',
  withConsole({}, async ({ fake, page, visit }) => {
    fake.data.tickets[2].state = 'assigned';
    await visit('/tickets/40');
    await button(page, 'Ask for a remote session').click();
    await says(page, 'This product allows no remote session.');
    fake.data.devices.find(({ id }) => id === 'freezer-8').capabilities = ['observe'];
    await button(page, 'Close').click();
    await button(page, 'Ask for a remote session').click();
    await says(page, 'The product is offline. It can be asked only when it is connected.');
  }),
);

test(
  'the report leads to its replay',
  withConsole(TICKET, async ({ page }) => {
    await page.locator('.card', { hasText: 'Superheat 15 K' }).getByRole('link', { name: 'Replay' }).click();
    await until('the replay', async () => /Recording of session/.test(await page.locator('h1').first().textContent()));
  }),
);

test(
  'findings are added to the report, stay, and are text',
  withConsole(TICKET, async ({ page }) => {
    await page.getByRole('textbox', { name: 'Add findings' }).fill('The bearing is <b>worn</b>.');
    await button(page, 'Add to the report').click();
    const finding = page.locator('.findings li');
    await finding.getByText('The bearing is <b>worn</b>.').waitFor();
    assert.match(await finding.textContent(), /^ann/);
    assert.equal(await page.getByRole('textbox', { name: 'Add findings' }).inputValue(), '');
  }),
);

test(
  'the owner reads the report and adds nothing',
  withConsole({ ...TICKET, user: 'otto' }, async ({ page }) => {
    await page.locator('.card', { hasText: 'Superheat 15 K' }).waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'Add findings' }).count(), 0);
  }),
);

test(
  'what the product recorded around the alarm is drawn with the moment of the alarm, and can be taken along',
  withConsole(TICKET, async ({ fake, page }) => {
    const section = page.locator('.evidence');
    await section.getByText('360 s, 2 measurements, 7,200 samples, 23.91 KiB').waitFor();
    await section.locator('.chart .u-over').nth(1).waitFor();
    assert.equal(await section.locator('.chart').count(), 2);
    const chart = section.locator('.chart', { hasText: 'Air temperature' });
    await chart.getByText('lowest -31 °C').waitFor();
    await section.getByText('suction pressure low').waitFor();
    // The mark is the only red in the picture: five sixths of the way.
    const where = await chart.locator('canvas').evaluate((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 20, canvas.width, 1);
      const red = [];
      for (let x = 0; x < canvas.width; x++) if (data[4 * x + 3] > 100 && data[4 * x] > 120 && data[4 * x + 1] < 80) red.push(x / canvas.width);
      return red;
    });
    assert.ok(where.length > 0 && where.every((x) => x > 0.8 && x < 0.9), `a line at ${where}`);
    const link = section.getByRole('link', { name: 'Download as CSV' });
    assert.equal(await link.getAttribute('href'), '/api/v1/evidence/7/csv');
    assert.equal(fake.requests.filter(({ path }) => path === '/evidence/6').length, 0, 'what is not there is not asked for');
    await section.locator('summary', { hasText: 'E17' }).click();
    await section.getByText('the product did not answer in time').waitFor();
  }),
);

test(
  'a ticket without evidence says nothing of it; evidence that comes meanwhile appears',
  withConsole({ path: '/tickets/42' }, async ({ fake, page }) => {
    await page.locator('.timeline').waitFor();
    assert.equal(await page.locator('.evidence').count(), 0);
    fake.data.evidence.push({ ...fake.data.evidence[0], id: 8, ticket: 42 });
    fake.notify('ticket', '42', 'washer-2');
    await page.locator('.evidence .chart .u-over').first().waitFor();
  }),
);
