// deploy/pki/fieldline-pki as an operator uses it: repeats change nothing, nothing is overwritten, names are checked, and what
// comes out is what TLS stacks and the broker's rules expect.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, stat, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../../deploy/demo/place.mjs';
import { run } from '../../deploy/demo/process.mjs';

const folder = await mkdtemp(join(tmpdir(), 'fl-pki-'));
after(() => rm(folder, { recursive: true, force: true }));
const pki = (...args) => run(join(ROOT, 'deploy/pki/fieldline-pki'), ['-d', folder, ...args], { allowFailure: true });
const openssl = async (...args) => (await run('openssl', args)).stdout;
const path = (name) => join(folder, name);

const made = async () => (await readdir(folder)).filter((name) => name !== '.lock').sort();

async function refused(args, reason) {
  const before = await made();
  const { code, stderr } = await pki(...args);
  assert.equal(code, 1, `${args.join(' ')}: ${stderr}`);
  assert.match(stderr, reason);
  assert.deepEqual(await made(), before, 'it left nothing behind');
}

test('without an authority nothing is made', () => refused(['device', 'freezer-1'], /init/));

test('init makes an authority that may sign no other, once', async () => {
  assert.equal((await pki('init')).code, 0);
  const first = await readFile(path('ca.crt'), 'utf8');
  const text = await openssl('x509', '-in', path('ca.crt'), '-noout', '-text');
  assert.match(text, /CA:TRUE, pathlen:0/);
  assert.match(text, /prime256v1/);
  assert.match((await pki('init')).stdout, /^kept/);
  assert.equal(await readFile(path('ca.crt'), 'utf8'), first);
});

for (const [args, cn, usage, san] of [
  [['gateway'], '_gateway', 'TLS Web Client Authentication'],
  [['adapters'], '_adapters', 'TLS Web Client Authentication'],
  [['device', 'freezer-0001'], 'freezer-0001', 'TLS Web Client Authentication'],
  [['server', 'broker', 'mqtt.example.com', '10.1.2.3'], 'broker', 'TLS Web Server Authentication', /DNS:localhost, IP Address:127\.0\.0\.1.*DNS:mqtt\.example\.com, IP Address:10\.1\.2\.3/],
]) {
  test(`${args.join(' ')} makes a certificate for that and nothing else`, async () => {
    const name = args[1] ?? args[0];
    assert.match((await pki(...args)).stdout, /^made/);
    const text = await openssl('x509', '-in', path(`${name}.crt`), '-noout', '-text');
    assert.ok(text.includes(`Subject: CN = ${cn}`));
    assert.ok(text.includes('CA:FALSE'));
    assert.equal(/Extended Key Usage: \n\s*(.*)/.exec(text)[1], usage);
    if (san) assert.match(text, san);
    assert.match(await openssl('verify', '-CAfile', path('ca.crt'), path(`${name}.crt`)), /: OK/);
    assert.equal((await stat(path(`${name}.key`))).mode & 0o777, 0o600);
    const first = await readFile(path(`${name}.crt`), 'utf8');
    assert.match((await pki(...args)).stdout, /^kept/);
    assert.equal(await readFile(path(`${name}.crt`), 'utf8'), first);
  });
}

test('two at once get different serial numbers', async () => {
  const ids = Array.from({ length: 6 }, (_, i) => `together-${i}`);
  await Promise.all(ids.map((id) => pki('device', id)));
  const serials = await Promise.all(ids.map((id) => openssl('x509', '-in', path(`${id}.crt`), '-noout', '-serial')));
  assert.equal(new Set(serials).size, ids.length);
});

for (const [args, reason] of [
  [['device', 'Freezer-1'], /expected a-z/],
  [['device', 'ab'], /2 characters/],
  [['device', `x${'y'.repeat(63)}`], /64 characters/],
  [['device', '-x1'], /not beginning/],
  [['device', '_gateway'], /expected a-z/],
  [['device', 'gateway'], /another device id/],
  [['device', 'adapters'], /another device id/],
  [['device', 'ca'], /2 characters/],
  [['device', 'crl'], /authority/],
  [['device', '../escape'], /expected a-z/],
  [['device', 'broker'], /no client certificate/],
  [['server', 'gateway'], /another name/],
  [['server', 'web', 'not a host'], /neither a name nor an address/],
  [['server', '../web'], /expected letters/],
  [['revoke', 'nobody'], /is not there/],
  [['due', 'soon'], /not a number/],
]) {
  test(`${args.join(' ')} is refused`, () => refused(args, reason));
}

test('half of a pair is not made whole by guessing', async () => {
  await pki('device', 'half-1');
  await unlink(path('half-1.key'));
  await refused(['device', 'half-1'], /one of half-1\.crt and half-1\.key only/);
});

test('a revoked certificate is in the list that the broker reads', async () => {
  assert.equal((await pki('revoke', 'together-3')).code, 0);
  const serial = (await openssl('x509', '-in', path('together-3.crt'), '-noout', '-serial')).trim().split('=')[1];
  assert.ok((await openssl('crl', '-in', path('crl.pem'), '-noout', '-text')).includes(serial));
  assert.match((await pki('revoke', 'together-3')).stdout, /^kept/);
  assert.match((await pki('list')).stdout, /^revoked .* together-3$/m);
  const check = await run('openssl', ['verify', '-crl_check', '-CRLfile', path('crl.pem'), '-CAfile', path('ca.crt'), path('together-3.crt')], { allowFailure: true });
  assert.notEqual(check.code, 0);
});

test('what ends soon is told', async () => {
  assert.equal((await pki('due')).code, 0);
  const { code, stdout } = await pki('due', '900');
  assert.equal(code, 1);
  assert.match(stdout, /broker\.crt ends/);
});
