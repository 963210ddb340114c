// The player of an evidence bundle: one file, opened from a folder, without network. The recording is made here with Node's own
// hashes and signatures, so the page's arithmetic is checked by another hand.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { openPage, ROOT, shoot, startBrowser } from './browser.mjs';

const ID = '11111111-2222-4333-8444-555555555555';
const hash = (...parts) => parts.reduce((sum, part) => sum.update(part), createHash('sha256')).digest();
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
let browser;
let folder;
before(async () => {
  browser = await startBrowser();
  folder = await mkdtemp(join(tmpdir(), 'fl-evidence-'));
});
after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

function makeEvidence(sealed = { complete: true, countersigned: true }) {
  let lines = hash(`fieldline.transcript.1/${ID}`);
  const said = { up: [0, hash(`fieldline.session.1/up/${ID}`)], down: [0, hash(`fieldline.session.1/down/${ID}`)] };
  let jsonl = '';
  let cast = '';
  let heads = '';
  const put = (line, castLine = '') => {
    jsonl += line;
    cast += castLine;
    lines = hash(lines, line, castLine);
  };
  let n = 0;
  const frame = (dir, ch, by, bytes, { members = '', castLine = '', secret = false } = {}) => {
    n++;
    const leaf = hash(Buffer.from([ch]), bytes);
    if (dir !== 'gate') said[dir] = [said[dir][0] + 1, hash(said[dir][1], leaf)];
    const data = ch === 0 ? `,"data":${bytes}` : '';
    put(`{"n":${n},"dir":"${dir}","t_ms":${n * 500},"ch":${ch},"by":"${by}"${members},"len":${Buffer.byteLength(bytes)}${secret ? `,"leaf":"${leaf.toString('hex')}"` : ''}${data}}\n`, castLine);
    if (n === 4) heads += `{"n":4,"cast_bytes":${cast.length},"jsonl_bytes":${jsonl.length},"lines":"${lines.toString('hex')}","at_ms":1,"signature":"${'A'.repeat(86)}"}\n`;
  };
  put(`{"transcript":"fieldline.transcript.1","session":"${ID}","device":"freezer-7"}\n`);
  frame('up', 0, 'freezer-7', '{"jsonrpc":"2.0","method":"session.hello","params":{"agent":"<script>alert(1)</script>"}}');
  frame('down', 0, 'ann', '{"jsonrpc":"2.0","method":"terminal.open","params":{"cols":80,"rows":24}}', { members: ',"cast":1', castLine: '{"version":2,"width":80,"height":24}\n' });
  for (const [i, text] of ['$ ', 'grün 測\r\n', '\u001b[1mbold\u001b[0m\r\n'].entries())
    frame('up', 1, 'freezer-7', text, { members: `,"cast":${i + 2}`, castLine: `[${1.5 + i / 2},"o",${JSON.stringify(text)}]\n` });
  frame('down', 2, 'ann', '0123456789abcdefhunter2', { secret: true });
  frame('gate', 0, '', '{"jsonrpc":"2.0","method":"session.left","params":{"by":"ann"}}');
  const statement = `fieldline.session.1\n${ID}\nup ${said.up[0]} ${said.up[1].toString('hex')}\ndown ${said.down[0]} ${said.down[1].toString('hex')}\n`;
  const body = `{\n"seal":"fieldline.seal.2",\n"session":"${ID}",\n"cast_bytes":${Buffer.byteLength(cast)},\n"cast_sha256":"${hash(cast).toString('hex')}",\n"jsonl_bytes":${Buffer.byteLength(jsonl)},\n"jsonl_sha256":"${hash(jsonl).toString('hex')}",\n"frames":${n},\n"lines":"${lines.toString('hex')}",\n"heads":1,\n"statement":${JSON.stringify(statement)},\n"complete":${sealed.complete},\n"countersigned":${sealed.countersigned},\n`;
  const seal = `${body}"signature":"${sign(null, Buffer.from(body), privateKey).toString('base64url')}"\n}\n`;
  const session = { id: ID, device: 'freezer-7', engineer: 'ann', ticket: 17, reason: 'too warm', started_ms: 1700000000000, ended_ms: 1700000060000, why: 'ended_by_engineer', countersigned: true, complete: true };
  return { session, cast, jsonl, seal, heads, seal_pub: publicKey.export({ type: 'spki', format: 'pem' }), shown_cast: null, shown_jsonl: null };
}

/** A browser as those before 2025 are: the rest of WebCrypto is there. */
function withoutEd25519() {
  const { importKey } = SubtleCrypto.prototype;
  SubtleCrypto.prototype.importKey = function importOther(format, key, algorithm, ...rest) {
    if (algorithm.name === 'Ed25519') return Promise.reject(new DOMException('Algorithm: Unrecognized name', 'NotSupportedError'));
    return importKey.call(this, format, key, algorithm, ...rest);
  };
}

async function open(evidence, { knowsEd25519 = true, ...options } = {}) {
  const template = await readFile(join(ROOT, 'build/console/evidence-player.html'), 'utf8');
  const path = join(folder, `${Math.random()}.html`);
  await writeFile(path, template.replace('"EVIDENCE"', () => JSON.stringify(evidence).replaceAll('<', '\\u003c')));
  const page = await openPage(browser, { offline: true, ...options });
  if (!knowsEd25519) await page.addInitScript(withoutEd25519);
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`file://${path}`);
  await page.locator('.checks .verdict').waitFor();
  page.asked = asked.filter((url) => !url.startsWith('file:') && !url.startsWith('data:') && !url.startsWith('blob:'));
  return page;
}

const outcomes = async (page) => Object.fromEntries(await page.locator('.checks li').evaluateAll((items) => items.map((item) => [item.dataset.check, item.className])));

test('an unchanged recording is said to be so, plays, and is listed; nothing is asked of any network', async () => {
  const page = await open(makeEvidence());
  const checks = await outcomes(page);
  assert.match(checks.signature, /good|unknown/); // Chromium of Debian 12 may not know Ed25519 yet
  assert.deepEqual({ ...checks, signature: 'good' }, { frames: 'good', lines: 'good', said: 'good', heads: 'good', files: 'good', signature: 'good' });
  const is_known = checks.signature === 'good';
  assert.match(await page.locator('.checks .verdict').textContent(), is_known ? /^Unchanged since it was sealed/ : /^Not checked in full/);
  assert.match(await page.locator('.checks').textContent(), is_known ? /Countersigned by the product/ : /this was not checked/);
  await page.locator('.ap-player canvas, .ap-term').first().waitFor();
  const rows = await page.locator('table tr').allTextContents();
  assert.ok(rows.some((row) => row.includes('<script>alert(1)</script>')), 'markup is shown as text');
  assert.ok(rows.some((row) => row.includes('hidden input, 7 bytes')));
  assert.deepEqual(page.faults, []);
  assert.deepEqual(page.asked, []);
  await shoot(page, 'evidence-player', { fullPage: true });
  await page.context().close();
});

test('in Chinese, on a telephone', async () => {
  const page = await open(makeEvidence(), { language: 'zh', width: 390 });
  assert.match(await page.locator('.checks .verdict').textContent(), /^(?:封存后没有被改动|未完全检查)/);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'nothing hangs over');
  await shoot(page, 'evidence-player-zh', { fullPage: true });
  await page.context().close();
});

for (const [what, change, failing] of [
  ['a letter of what was shown', (e) => ({ ...e, cast: e.cast.replace('bold', 'cold') }), ['lines', 'said', 'files']],
  ['who typed', (e) => ({ ...e, jsonl: e.jsonl.replace('"by":"ann","cast"', '"by":"bob","cast"') }), ['lines', 'files']],
  ['a frame left out', (e) => ({ ...e, jsonl: e.jsonl.replace(/\{"n":6[^\n]*\n/, '') }), ['frames']],
  ['the tail cut off', (e) => ({ ...e, jsonl: e.jsonl.replace(/\{"n":7[^\n]*\n/, '') }), ['frames', 'lines', 'files']],
  ['a head left out', (e) => ({ ...e, heads: '' }), ['heads']],
]) {
  test(`${what}: found`, async () => {
    const page = await open(change(makeEvidence()));
    const checks = await outcomes(page);
    for (const one of failing) assert.equal(checks[one], 'bad', one);
    assert.match(await page.locator('.checks').textContent(), /CHANGED/);
    await page.context().close();
  });
}

test('a browser that cannot check the signature does not say that all is well', async () => {
  const page = await open(makeEvidence(), { knowsEd25519: false });
  assert.equal((await outcomes(page)).signature, 'unknown');
  assert.match(await page.locator('.checks .verdict.unknown').textContent(), /^Not checked in full/);
  const words = await page.locator('.checks').textContent();
  assert.doesNotMatch(words, /Unchanged/);
  assert.match(words, /The seal says that the product countersigned; this was not checked/);
  await shoot(page, 'evidence-player-unchecked', { fullPage: true });
  await page.context().close();
});

test('the seal says what was countersigned and complete, whatever stands beside it', async () => {
  const evidence = makeEvidence({ complete: false, countersigned: false });
  assert.ok(evidence.session.countersigned && evidence.session.complete);
  const page = await open(evidence);
  const words = await page.locator('.checks').textContent();
  assert.match(words, /Not countersigned by the product/);
  assert.match(words, /did not end in order/);
  await page.context().close();
});

for (const knowsEd25519 of [true, false]) {
  test(`something behind the signature: found${knowsEd25519 ? '' : ', by any browser'}`, async () => {
    const evidence = makeEvidence({ complete: true, countersigned: false });
    const page = await open({ ...evidence, seal: evidence.seal.replace(/\n\}\n$/, ',\n"countersigned":true\n}\n') }, { knowsEd25519 });
    assert.equal((await outcomes(page)).signature, 'bad');
    const words = await page.locator('.checks').textContent();
    assert.match(words, /CHANGED/);
    assert.doesNotMatch(words, /Countersigned/);
    await page.context().close();
  });
}

test('a seal by another key is never called good', async () => {
  const page = await open({ ...makeEvidence(), seal_pub: generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }) });
  assert.match((await outcomes(page)).signature, /bad|unknown/);
  assert.doesNotMatch(await page.locator('.checks').textContent(), /Unchanged/);
  await page.context().close();
});
