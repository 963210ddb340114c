// The list of sessions says of each recording what is there; whoever may, holds it back from retention.
import assert from 'node:assert/strict';
import test from 'node:test';
import { shoot } from './browser.mjs';
import { until, withConsole } from './console_test.mjs';
import { SESSION_ENDED } from './fake-data.mjs';

const row = (page) => page.locator('tr', { has: page.locator(`a[href="/sessions/${SESSION_ENDED}/replay"]`) });
const has = (page, text) => until(text, async () => ((await row(page).textContent()) ?? '').includes(text));

for (const [what, recording, more, words, tone] of [
  ['sealed', { state: 'sealed' }, {}, 'complete, countersigned', 'good-word'],
  ['with a hole', { state: 'sealed' }, { complete: false, countersigned: false }, 'has a hole, not countersigned', 'bad-word'],
  ['gone from the disk', { state: 'missing' }, {}, 'MISSING', 'bad-word'],
  ['never sealed', { state: 'unsealed' }, {}, 'not sealed', 'bad-word'],
  ['removed', { state: 'removed', removed_ms: 1700000000000 }, {}, 'its time was over', 'good-word'],
]) {
  test(
    `a recording that is ${what}`,
    withConsole({}, async ({ fake, page, visit }) => {
      const session = fake.data.sessions.find(({ id }) => id === SESSION_ENDED);
      Object.assign(session, more);
      Object.assign(session.recording, recording);
      await visit('/sessions');
      await has(page, words);
      assert.equal(await row(page).locator(`.${tone}`).count(), 1);
      await shoot(page, `recording-${recording.state}`);
    }),
  );
}

test(
  'an auditor holds a recording, and releases it',
  withConsole({ user: 'vera', path: '/sessions' }, async ({ page }) => {
    await row(page).getByRole('button', { name: 'Hold' }).click();
    await page.getByLabel('Why?').fill('claim 17');
    await page.getByRole('dialog').getByRole('button', { name: 'Hold' }).click();
    await has(page, 'claim 17');
    await shoot(page, 'recording-held');
    await row(page).getByRole('button', { name: 'Release' }).click();
    await until('the release', async () => !((await row(page).textContent()) ?? '').includes('claim 17'));
  }),
);

test(
  'an engineer can fetch the evidence of his own session, and holds nothing',
  withConsole({ path: '/sessions' }, async ({ page }) => {
    assert.equal(await row(page).getByRole('link', { name: 'Evidence' }).getAttribute('href'), `/api/v1/sessions/${SESSION_ENDED}/bundle`);
    assert.equal(await page.getByRole('button', { name: 'Hold' }).count(), 0);
  }),
);
