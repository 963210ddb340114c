// Who may have sessions, on the screen: the second person's approval with two people at two windows, an emergency and its
// review, the kill switch that everybody sees, qualifications and contracts.
import assert from 'node:assert/strict';
import test from 'node:test';
import { findBarriers } from './accessibility.mjs';
import { shoot } from './browser.mjs';
import { button, says, until, withConsole } from './console_test.mjs';
import { ORDINARY, accessOf } from './fake-access.mjs';
import { PEOPLE, SESSION_ENDED } from './fake-data.mjs';

/** The same gateway, seen by somebody else from now on. */
async function becomes(fake, visit, name, path) {
  fake.user = PEOPLE[name];
  await visit(path);
}
const sessionOf = (fake, id) => fake.data.sessions.find((one) => one.id === id);

test(
  'a session that needs a second person: asked, waited for, approved by another, with words',
  withConsole({ path: '/tickets/41' }, async ({ fake, page, visit }) => {
    accessOf(fake).approval = ['shell'];
    await button(page, 'Ask for a remote session').click();
    const dialog = page.getByRole('dialog');
    await says(dialog, 'A second person approves this before the owner is asked.');
    await dialog.getByLabel('Use a terminal').check();
    await dialog.getByLabel('Why? The owner reads this.').fill('The compressor must be stopped');
    await shoot(page, 'access-ask');
    await button(dialog, 'Ask the owner').click();
    await says(page, 'A second person has to approve this session.');
    await says(page, 'You cannot approve your own request.');
    assert.equal(await button(page, 'Approve').count(), 0);
    await shoot(page, 'access-waiting');
    const id = new URL(page.url()).pathname.split('/').at(-1);

    await becomes(fake, visit, 'sun', '/approvals');
    await until('the badge', async () => (await page.locator('nav .count').allTextContents()).includes('1'));
    await shoot(page, 'access-approvals');
    assert.deepEqual(await findBarriers(page), []);
    await page.getByRole('link', { name: 'Open session' }).click();
    await says(page, 'ann asks for your approval.');
    await button(page, 'Refuse').click();
    await says(page, "'text' is missing");
    await page.getByLabel('Words for ann (needed to refuse)').fill('go on, but call them');
    await button(page, 'Approve').click();
    await says(page, 'The product is asking its owner now.');
    await says(page, 'go on, but call them');
    assert.equal(sessionOf(fake, id).approved_by, 'sun');
    await shoot(page, 'access-approved');
  }),
);

test(
  'an emergency wants the password and a long reason, and is reviewed by a supervisor',
  withConsole({ path: '/tickets/41' }, async ({ fake, page, visit }) => {
    accessOf(fake).terms.emergency = true;
    await button(page, 'Ask for a remote session').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Emergency: without approval, contract and qualification').check();
    await says(dialog, 'All supervisors are told at once');
    await dialog.getByLabel('Why? The owner reads this.').fill('The vaccines are thawing and nobody answers');
    await dialog.getByLabel('Your password').fill('guessed');
    await button(dialog, 'Start an emergency session').click();
    await says(dialog, 'the password is wrong');
    await shoot(page, 'access-emergency');
    await dialog.getByLabel('Your password').fill(PEOPLE.ann.password);
    await button(dialog, 'Start an emergency session').click();
    await says(page, 'The product is asking its owner now.');

    Object.assign(sessionOf(fake, SESSION_ENDED), { ...ORDINARY, emergency: true, wants_review: true });
    await becomes(fake, visit, 'sun', '/');
    await says(page, 'Emergency sessions to review');
    await shoot(page, 'access-today');
    await visit(`/sessions/${SESSION_ENDED}`);
    await page.getByLabel('Why?').fill('Nobody else could be reached');
    await button(page, 'It was justified').click();
    await says(page, 'justified (sun: Nobody else could be reached)');
    assert.equal(await button(page, 'It was justified').count(), 0);
  }),
);

test(
  'the kill switch: one form stops everything, everybody sees it, lifting it is a deed of its own',
  withConsole({ user: 'sun', path: '/kill' }, async ({ fake, page, visit }) => {
    await says(page, 'No kill switch is on.');
    assert.deepEqual(await findBarriers(page), []);
    await button(page, 'Stop remote sessions').click();
    await page.getByRole('dialog').getByLabel('Why? Everybody is shown this.').fill('Break-in at the office');
    await page.keyboard.press('Tab');
    await button(page.getByRole('dialog'), 'Stop them now').click();
    await page.locator('.banner.kill').waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await shoot(page, 'access-kill');
    assert.deepEqual(await findBarriers(page), []);
    await becomes(fake, visit, 'otto', '/');
    await says(page, 'All remote sessions are stopped.');
    await says(page, 'Break-in at the office');
    await visit('/kill');
    assert.equal(await button(page, 'Stop remote sessions').count(), 0, 'an owner cannot');
    await becomes(fake, visit, 'sun', '/kill');
    await page.setViewportSize({ width: 400, height: 800 });
    await shoot(page, 'access-kill-narrow');
    await page.getByRole('button', { name: /Let sessions begin again/ }).click();
    await says(page, 'No kill switch is on.');
    await page.locator('.banner.kill').waitFor({ state: 'detached' });
  }),
);

test(
  'a supervisor gives a qualification and takes it back; contracts stand beside',
  withConsole({ user: 'sun', path: '/people' }, async ({ fake, page, visit }) => {
    await says(page, 'every model');
    await button(page, 'Give a qualification').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Until').fill('2099-12-31');
    await button(dialog, 'Give').click();
    await says(dialog, 'Choose at least one.');
    await dialog.getByLabel('Use a terminal').check();
    await button(dialog, 'Give').click();
    await until('it to be given', () => accessOf(fake).qualifications.length === 2);
    await shoot(page, 'access-people');
    assert.deepEqual(await findBarriers(page), []);
    await page.getByRole('button', { name: 'Take back: ann *' }).last().click();
    await says(page, 'taken back by sun');
    await visit('/contracts');
    await says(page, 'Polar AG');
    await says(page, 'no remote access');
    await shoot(page, 'access-contracts');
    assert.deepEqual(await findBarriers(page), []);
  }),
);

test(
  'in Chinese',
  withConsole({ user: 'sun', path: '/kill', language: 'zh' }, async ({ page, visit }) => {
    await says(page, '总开关没有启用');
    await visit('/people');
    await says(page, '授予资质');
    await shoot(page, 'access-zh');
  }),
);
