// Promise 30: rules are edited while products report. What was not edited goes on in the middle of its `for`, what was begins
// anew, what is gone takes its alarm along; what has a mistake is refused as a whole; every version is kept, tried on the
// stored past before it is activated, and one step back is at once.
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SLOW, TestStack, waitFor } from './stack.mjs';

const rule = (alert, expr, hold) => `
      - alert: ${alert}
        expr: ${expr}
        for: ${hold}
        labels: {severity: major}
        annotations: {summary: "${alert} at {{ $value }}"}`;
const alerts = (...rules) => `groups:\n  - name: test\n    rules:${rules.join('')}\n`;
const KEPT = rule('Kept', 'other > 500', '10m');
const FIRST = alerts(KEPT, rule('Edited', 'level > 400', '10m'), rule('Gone', 'level > 440', '0s'));
const SECOND = alerts(KEPT, rule('Edited', 'level > 420', '10m'));

const rules = await mkdtemp(join(tmpdir(), 'fl-rules-'));
after(() => rm(rules, { recursive: true, force: true }));
const pack = join(rules, 'test-product');
await mkdir(pack, { recursive: true });
await cp('tests/integration/packs/test-product/pack.yaml', join(pack, 'pack.yaml'));
const edit = (text) => writeFile(join(pack, 'alerts.yaml'), text);
await edit(FIRST);

const stack = await TestStack.start('reload', { gateway: { rules } });
const admin = await stack.as('administrator');
const engineer = await stack.as('engineer');
const device = await stack.wireDevice('machine-1');
const start = Date.now() - 11 * 60e3; // the tenth minute of a `for` that begins here is a minute ago
const alarm = async (name) => (await engineer.get(`/alarms?device=${device.id}`)).items.find((one) => one.alarm === name);
const isActive = async (name) => (await alarm(name))?.active === true;

/** Minutes `from` to `to` of the story: other at 600, level as told. */
async function minutes(from, to, level) {
  for (let s = from * 60; s <= to * 60; s += 30) device.tele([['other', start + s * 1000, 600], ['level', start + s * 1000, level]]);
  await device.drained(20 * SLOW);
}
const hup = () => stack.gateway.process.signal('SIGHUP');
const version = () => stack.gateway.figure('rules_version');
const versions = async () => (await engineer.get('/rules/versions')).items;
async function settled(count) {
  await waitFor(`version ${count}`, async () => (await version()) === count, { seconds: 10 * SLOW });
  await waitFor('all devices to use it', async () => /\d+ devices/.test((await versions())[0].outcome), { seconds: 10 * SLOW });
}

test('promise_30_unchanged_rules_go_on_and_edited_ones_begin_anew', stack.guard(async () => {
  await minutes(0, 7, 450);
  await waitFor('the alarm of the rule that will go', () => isActive('Gone'), { seconds: 10 * SLOW });
  assert.equal(await isActive('Kept'), false, 'its tenth minute has not come');
  await edit(SECOND);
  hup();
  await settled(2);
  const gone = await alarm('Gone');
  assert.equal(gone.active, false, 'nobody judges it any more');
  assert.match((await versions())[0].outcome, /1 devices: 1 kept what their rules knew, 0 began anew; 1 alarms/);
  await minutes(7.5, 10.5, 450);
  await waitFor('the unchanged rule to fire in its time', () => isActive('Kept'), { seconds: 10 * SLOW });
  assert.equal((await alarm('Kept')).raised_ms, start, 'since when it holds');
  assert.equal(await isActive('Edited'), false, 'its ten minutes began with the edit');
}));

test('promise_30_a_mistake_is_refused_as_a_whole_and_told', stack.guard(async () => {
  await edit(SECOND.replace('level > 420', 'levle > 420'));
  hup();
  await waitFor('the refusal', async () => (await stack.gateway.figure('rules_refused_total')) === 1, { seconds: 10 * SLOW });
  assert.equal(await version(), 2);
  const answer = await admin.raw('POST', '/api/v1/rules/reload', {});
  assert.equal(answer.status, 400);
  assert.match(JSON.parse(answer.body).detail, /alerts\.yaml:\d+:\d+: .*levle/);
  const trial = await engineer.get('/rules/trial');
  assert.equal(trial.sound, false);
  assert.match(trial.problems, /levle/);
  const log = await readFile(stack.place.path('gateway.log'), 'utf8');
  assert.match(log, /error gateway\.rules rules_refused .*levle/);
}));

test('promise_30_only_administrators_exchange_rules', stack.guard(async () => {
  assert.equal((await engineer.raw('POST', '/api/v1/rules/reload', {})).status, 403);
  assert.equal((await engineer.raw('POST', '/api/v1/rules/revert', {})).status, 403);
}));

test('promise_30_one_step_back_is_at_once', stack.guard(async () => {
  const begun = performance.now();
  const answer = await admin.post('/rules/revert', {});
  assert.deepEqual(answer, { changed: true, version: 1 });
  await waitFor('version 1', async () => (await version()) === 1, { seconds: 1 * SLOW, every: 10 });
  const took = performance.now() - begun;
  assert.ok(took <= 1000 * SLOW, `${took} ms`);
  await settled(1);
  await minutes(10.6, 10.7, 450);
  await waitFor('the rule that came back to fire', () => isActive('Gone'), { seconds: 10 * SLOW });
  assert.equal(await isActive('Kept'), true, 'and what was raised stays raised');
  assert.deepEqual((await versions()).map(({ version: v, how, who }) => [v, how, who]),
    [[1, 'revert', 'administrator'], [2, 'reload', 'SIGHUP'], [1, 'start', 'gateway']]);
}));

test('promise_30_an_edit_is_tried_on_the_last_week_before_it_is_activated', stack.guard(async () => {
  await edit(SECOND.replace('level > 420', 'level > 430'));
  const dry = await stack.gateway.command('rules', 'activate', rules, '--dry-run');
  assert.match(dry.stdout, /would have opened \d+ tickets? on 1 device in 7 days/);
  assert.match(dry.stdout, /0 tickets appear, 0 vanish|tickets? appear/);
  assert.equal(await version(), 1, 'a dry run changes nothing');
  const trial = await engineer.get('/rules/trial');
  assert.equal(trial.sound, true);
  assert.equal(trial.changed, true);
  assert.equal(trial.devices, 1);
  const done = await stack.gateway.command('rules', 'activate', rules);
  assert.match(done.stdout, /version 3 is in use/);
  assert.equal(await version(), 3);
  assert.match((await versions())[0].report, /would have opened/);
  const files = await engineer.get('/rules/files?version=3&model=test-product');
  assert.match(files.items.find(({ path }) => path === 'test-product/alerts.yaml').text, /level > 430/);
  const shown = (await engineer.get('/rules')).items[0].rules.map(({ alert, expr }) => [alert, expr]);
  assert.deepEqual(shown, [['Kept', 'other > 500'], ['Edited', 'level > 430']]);
  const history = (await stack.gateway.command('rules', 'history')).stdout.split('\n');
  assert.match(history[0], /^ +3 .* activate .* in use$/);
}));

test('promise_30_what_ran_last_runs_after_a_kill', stack.guard(async () => {
  const back = await stack.gateway.command('rules', 'revert', '2');
  assert.match(back.stdout, /version 2 is in use/);
  await stack.restartGateway();
  assert.equal(await version(), 2, 'although the folder has another one: it was not edited since');
  await edit(FIRST);
  await stack.restartGateway();
  assert.equal(await version(), 1, 'an edited folder is what its author wants');
}));

test('a rule that an edit brings looks back into what was measured before it', stack.guard(async () => {
  await minutes(10.8, 12, 450);
  await edit(alerts(KEPT, rule('LooksBack', 'count_over_time(other[11m]) > 18', '0s'), rule('Gone', 'level > 440', '0s')));
  hup();
  await settled(4);
  await minutes(12.5, 12.6, 450); // one more sample: most of what it counts is older, some of it in no chunk yet
  await waitFor('the new rule to fire', () => isActive('LooksBack'), { seconds: 10 * SLOW });
}));

test('an alarm whose rule is gone after a restart is cleared, and its ticket says why', stack.guard(async () => {
  assert.equal(await isActive('Gone'), true);
  const { ticket } = await alarm('Gone');
  await edit(alerts(KEPT));
  await stack.restartGateway();
  await waitFor('the alarm to be cleared', async () => (await alarm('Gone'))?.active === false, { seconds: 10 * SLOW });
  assert.equal(await isActive('Kept'), true, 'the others are as they were');
  const { events } = await engineer.get(`/tickets/${ticket}`);
  assert.ok(events.some(({ text }) => /The rule Gone is no longer part of the product pack/.test(text)), JSON.stringify(events));
}));
