// `make demo`: a whole installation below build/demo/, on free loopback ports: certificates, broker, gateway, users, three
// products. Prints where the console is and who may log in, then runs until Ctrl-C. With DEMO_SECONDS it also plays the
// engineer's part by itself (drive.mjs), prints what happened, and ends; exit status 0 only if all of it did happen.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { drive } from './drive.mjs';
import { ROOT } from './place.mjs';
import { FREEZER, WASHER, addProducts } from './products.mjs';
import { Stack } from './stack.mjs';

const FOLDER = process.env.DEMO_FOLDER || `${ROOT}/build/demo`;
const USERS = { admin: 'administrator', engineer: 'engineer', support: 'support', owner: 'owner' };

function readSeconds(text) {
  if (text === undefined || text === '') return undefined;
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 30 || seconds > 3600) {
    console.error(`DEMO_SECONDS is '${text}': expected a whole number from 30 to 3600`);
    process.exit(2);
  }
  return seconds;
}

/** The state of the last run is kept once, as build/demo.old. */
async function moveOld() {
  if (!existsSync(FOLDER)) return;
  await rm(`${FOLDER}.old`, { recursive: true, force: true });
  await rename(FOLDER, `${FOLDER}.old`);
}

async function addUsers(gateway) {
  const logins = {};
  for (const [name, role] of Object.entries(USERS)) {
    logins[name] = randomBytes(9).toString('base64url');
    await gateway.addUser(name, role, logins[name]);
  }
  return logins;
}

/** Prints what is added to a file, line by line, as if it were said in this terminal. */
async function follow(path, say) {
  let at = 0;
  const timer = setInterval(async () => {
    const file = await open(path).catch(() => undefined);
    if (!file) return;
    const { size } = await file.stat();
    if (size > at) {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - at), position: at });
      at += bytesRead;
      buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').forEach(say);
    }
    await file.close();
  }, 300);
  timer.unref();
}

function watchOwners(stack) {
  follow(stack.place.path(FREEZER, 'owner.log'), (line) => console.log(`  [${FREEZER}'s owner] ${line}`));
  const display = stack.place.path(WASHER, 'display.txt');
  let shown = '';
  setInterval(async () => {
    const file = await open(display).catch(() => undefined);
    if (!file) return;
    const text = await file.readFile('utf8');
    await file.close();
    if (text !== shown) console.log(`  [${WASHER}'s display] ${text.trim().split('\n').join('   ')}`);
    shown = text;
  }, 300).unref();
}

function printWelcome(stack, logins) {
  console.log(`\nFieldline runs. Console: ${stack.gateway.origin}/`);
  console.log(`  (its certificate is signed by the demo's own CA, ${stack.pki.path('ca.crt')}: import it, or accept the warning)\n`);
  for (const [name, password] of Object.entries(logins)) console.log(`  ${name.padEnd(10)} ${password}   ${USERS[name]}`);
  console.log('\nProducts:');
  for (const { id, model } of stack.products.values()) console.log(`  ${id.padEnd(22)} ${model}`);
  console.log(`\nThe freezer is losing refrigerant: a ticket will open by itself. Its owner allows a session after two seconds; the washing
machine shows a code that you pass on. In the freezer's shell, mend it with:
  cd ${stack.place.path(FREEZER, 'service')} && echo seal-leak > service.txt && sleep 1 && echo recharge > service.txt
Everything is kept below ${stack.place.folder}/. Ctrl-C stops it all.\n`);
}

function untilInterrupted() {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

const seconds = readSeconds(process.env.DEMO_SECONDS);
await moveOld();
const stack = new Stack(FOLDER);
const interrupted = untilInterrupted().then(() => 'interrupted'); // also while it starts: it is stopped in order then
let status = 1;
try {
  await stack.prepare();
  const logins = await addUsers(stack.gateway);
  await writeFile(stack.place.path('logins.json'), JSON.stringify(logins, null, 2), { mode: 0o600 });
  await addProducts(stack);
  await stack.start();
  const begun = performance.now();
  printWelcome(stack, logins);
  watchOwners(stack);
  if (seconds === undefined) {
    await interrupted;
    status = 0;
  } else {
    const outcome = await Promise.race([drive(stack, logins, { deadline: begun + seconds * 1000 }), interrupted]);
    status = outcome === true ? 0 : 1;
  }
} catch (error) {
  console.error(`demo: ${error.message}`);
} finally {
  await stack.stop().catch((error) => {
    console.error(`demo: ${error.message}`);
    status = 1;
  });
}
process.exit(status);
