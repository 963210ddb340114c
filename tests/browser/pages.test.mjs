// Every page wide, light and in English, and narrow, dark and in Chinese; and with nothing to show: it says what it is, nothing
// breaks, nothing sticks out, and axe finds no serious barrier.
import assert from 'node:assert/strict';
import test from 'node:test';
import { findBarriers } from './accessibility.mjs';
import { shoot } from './browser.mjs';
import { button, says, until, withConsole } from './console_test.mjs';
import { SESSION_DENIED, SESSION_ENDED, SESSION_LIVE } from './fake-data.mjs';

const drawn = (page) => page.locator('.chart .u-over').first().waitFor();
const played = (page) => page.locator('.replay-screen .xterm-rows').waitFor();
const connected = (page) => page.locator('.terminal .primary').waitFor();
const PAGES = [
  { name: 'login', path: '/login', user: null, heading: /Fieldline/, shows: { en: 'Password', zh: '密码' } },
  { name: 'today', path: '/', heading: /What needs attention|需要关注/, shows: { en: 'Drum bearing is wearing', zh: '未结工单' } },
  { name: 'fleet', path: '/fleet', heading: /Fleet|设备/, shows: { en: 'Vaccine freezer VF-300', zh: '疫苗冷冻柜 VF-300' } },
  { name: 'alarms', path: '/alarms?show=active', heading: /Alarms|告警/, shows: { en: 'It stays until somebody resets it', zh: '直到有人复位' } },
  { name: 'silent', path: '/alarms/silent', heading: /Shelved|搁置/, shows: { en: 'Seal is ordered', zh: '已公布' } },
  { name: 'incidents', path: '/alarms/incidents', heading: /Incidents|群体事件/, shows: { en: '119 of 120 active', zh: '120 个中 119 个活动' } },
  { name: 'incident', path: '/alarms/incidents/3', heading: /pump_stuck/, shows: { en: 'washing-machine with firmware 2.4.1', zh: '固件 2.4.1' } },
  { name: 'many', path: '/tickets/42', heading: /Drum bearing/, shows: { en: 'one fault of many products', zh: '许多设备的同一个故障' } },
  { name: 'tickets', path: '/tickets', heading: /Tickets|工单/, shows: { en: 'Assigned', zh: '已分配' } },
  { name: 'sessions', path: '/sessions', heading: /Remote sessions|远程会话/, shows: { en: 'Nobody answered', zh: '没有人及时答复' } },
  { name: 'device', path: '/devices/freezer-7', heading: /freezer-7/, shows: { en: 'Suction line', zh: '吸气管温度' }, ready: drawn },
  { name: 'trouble', path: '/devices/freezer-7', heading: /freezer-7/, shows: { en: 'Connects again and again', zh: '反复重新连接' }, ready: drawn },
  { name: 'ticket', path: '/tickets/41', heading: /Air is warmer/, shows: { en: 'Loses refrigerant', zh: '制冷剂不足' } },
  {
    name: 'session',
    path: `/sessions/${SESSION_LIVE}`,
    heading: /freezer-7/,
    shows: { en: 'Recorded', zh: '正在记录' },
    ready: connected,
  },
  { name: 'refused', path: `/sessions/${SESSION_DENIED}`, heading: /freezer-7/, shows: { en: 'Call the owner', zh: '打电话给用户' } },
  {
    name: 'replay',
    path: `/sessions/${SESSION_ENDED}/replay`,
    heading: /5f0c7a52/,
    shows: { en: 'Everything, in order', zh: '全部内容' },
    ready: played,
  },
  { name: 'audit', path: '/audit', user: 'sun', heading: /Audit|审计/, shows: { en: 'On what', zh: '对象' } },
  { name: 'rules', path: '/rules', user: 'ann', heading: /Rules|规则/, shows: { en: '14 kept what their rules knew', zh: '试运行规则文件夹' } },
  { name: 'quarantine', path: '/quarantine', heading: /Quarantine|隔离区/, shows: { en: 'unknown device', zh: '设备发来但无法接受' } },
];
const LOOKS = [
  { language: 'en', theme: 'light', width: 1280 },
  { language: 'zh', theme: 'dark', width: 360 },
];

for (const { name, path, user = 'ann', heading, shows, ready } of PAGES) {
  for (const look of LOOKS) {
    const label = `${name} ${look.language} ${look.theme} ${look.width}`;
    test(
      label,
      withConsole({ user, ...look }, async ({ page, visit }) => {
        await visit(path);
        await until('the heading', async () => heading.test(await page.locator('h1').first().textContent()));
        await page.getByText(shows[look.language]).first().waitFor({ state: 'attached' });
        await ready?.(page);
        await until('nothing loads any more', async () => (await page.locator('.loading').count()) === 0);
        assert.equal(await page.evaluate(() => document.documentElement.lang), look.language);
        assert.deepEqual(
          await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
          0,
          'the page is as wide as the window',
        );
        assert.deepEqual(await findBarriers(page), []);
        await shoot(page, label.replaceAll(' ', '-'), { fullPage: true });
      }),
    );
  }
}

const EMPTY = [
  ['/', 'No product has reported yet'],
  ['/fleet', 'A product appears here with its first message'],
  ['/fleet?q=nothing', 'No product matches “nothing”'],
  ['/alarms', 'No alarm is like that.'],
  ['/alarms/silent', 'Nothing is shelved.'],
  ['/alarms/incidents', 'Nothing happened to many products at once.'],
  ['/tickets', 'No ticket matches.'],
  ['/tickets?state=all', 'No ticket.'],
  ['/sessions', 'A session is asked for in a ticket'],
  ['/quarantine', 'Everything that products sent was accepted'],
];
for (const [path, text] of EMPTY) {
  test(
    `an empty gateway says so on ${path}`,
    withConsole({ empty: true, path }, async ({ page }) => {
      await says(page, text);
      assert.deepEqual(await findBarriers(page), []);
    }),
  );
}

test(
  'a product without measurements, alarms and remote access says so',
  withConsole({ path: '/devices/gateway-host' }, async ({ fake, page }) => {
    fake.data.logs = [];
    for (const text of ['No open ticket.', 'No alarm so far.', 'This model has no measurements to draw.']) await says(page, text);
  }),
);

test(
  'what is wrong with the gateway is said to those who can act, in their language, until it is over',
  withConsole({ user: 'sun', path: '/' }, async ({ fake, page }) => {
    assert.equal(await page.locator('.note.bad').count(), 0);
    fake.health = { status: 'unready', live: true, ready: false, reasons: [{ id: 'broker_disconnected', text: 'x' }, { id: 'new_reason', text: 'Something new.' }] };
    await page.reload();
    await says(page, 'no connection to the message broker');
    await says(page, 'Something new.');
    await button(page, '中文').click();
    await says(page, '与消息代理的连接已断开');
    fake.health = { status: 'ok', live: true, ready: true, reasons: [] };
    await page.reload();
    await page.locator('.figures').waitFor();
    await until('the note is gone', async () => (await page.locator('.note.bad').count()) === 0);
  }),
);

test(
  'an engineer is not told what he cannot mend',
  withConsole({ user: 'ann', path: '/' }, async ({ fake, page }) => {
    fake.health = { status: 'unready', live: true, ready: false, reasons: [{ id: 'store_failed', text: 'x' }] };
    await page.reload();
    await page.locator('.figures').waitFor();
    assert.equal(await page.getByText('The gateway cannot do its work now').count(), 0);
  }),
);
