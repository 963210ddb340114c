// A whole installation for one test file: its own folder, certificates, free ports, users, real processes. When the file's
// tests are over it is stopped, and what it left is judged: a process that died or did not end fails the test. Logs of a
// failed test are kept in build/test/MODE/.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { run, waitFor } from '../../deploy/demo/process.mjs';
import { Place } from '../../deploy/demo/place.mjs';
import { Stack } from '../../deploy/demo/stack.mjs';
import { WireDevice } from './wire_device.mjs';

export { waitFor } from '../../deploy/demo/process.mjs';

export const MODE = process.env.FIELDLINE_MODE ?? 'release';
/** Sanitizers make things slower; deadlines, not loads, are stretched. */
export const SLOW = { release: 1, debug: 1, cov: 2, asan: 3, tsan: 5 }[MODE];
export const PASSWORD = 'correct horse battery staple';

export class TestStack extends Stack {
  #failed = false;
  #devices = [];
  #clients = [];

  /** Starts broker and gateway. `gateway`: {settings, rules} over the usual ones; rules: the tests' own packs. */
  static async start(name, { gateway = {}, foreign } = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'fl-'));
    const place = new Place(folder, MODE);
    const stack = new TestStack(folder, { mode: MODE, foreign, gateway: { rules: place.source('tests/integration/packs'), ...gateway } });
    stack.name = name;
    after(() => stack.finish());
    try {
      await stack.prepare();
      for (const role of ['owner', 'support', 'engineer', 'supervisor', 'administrator', 'auditor']) {
        await stack.gateway.addUser(role, role, PASSWORD);
      }
      await stack.broker.start();
      await stack.gateway.start();
    } catch (error) {
      stack.#failed = true;
      throw error;
    }
    return stack;
  }

  /** For test(): as it is, but a failure keeps the logs. */
  guard(body) {
    return async (t) => {
      try {
        await body(t);
      } catch (error) {
        this.#failed = true;
        throw error;
      }
    };
  }

  /** Logged in as the user who is called like the role. */
  async as(role) {
    const client = await this.gateway.login(role, PASSWORD);
    this.#clients.push(client);
    return client;
  }

  /** A device that speaks the wire itself. `certificate`: of another device, for trespassing; `as`: a kind of WireDevice. */
  async wireDevice(id, { as: Kind = WireDevice, ...options } = {}) {
    await this.pki.device(options.certificate ?? id);
    const device = new Kind(this.broker, this.pki, id, options);
    this.#devices.push(device);
    await device.connect();
    return device;
  }

  /** Rows of the store, through the sqlite3 command line. */
  async rows(sql) {
    const { stdout } = await run('sqlite3', ['-json', '-cmd', '.timeout 5000', `${this.gateway.dataDir}/gateway.db`, sql]);
    return stdout.trim() === '' ? [] : JSON.parse(stdout);
  }

  async count(sql) {
    return Object.values((await this.rows(sql))[0])[0];
  }

  /** Samples that are stored: in chunks, and in the journal for chunks that are still open. */
  async storedSamples() {
    const chunks = await this.count('SELECT coalesce(sum(count), 0) FROM chunk');
    return chunks + (await this.gateway.figure('history_open_samples'));
  }

  async killGateway() {
    await this.gateway.process.kill();
  }

  async restartGateway() {
    await this.killGateway();
    await this.gateway.start();
  }

  async restartBroker() {
    await this.broker.process.kill();
    await this.broker.start();
  }

  /** What a sanitizer printed into a log: some processes get an environment of their own, and so no file for reports. */
  async #sanitizerReports() {
    const found = [];
    for (const path of await this.#logs(this.place.folder)) {
      const reports = (await readFile(path, 'utf8')).match(/^.*(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:)[\s\S]{0,2500}/m);
      if (reports) found.push(`${path}: ${reports[0]}`);
    }
    return found;
  }

  async #logs(folder) {
    const entries = await readdir(folder, { withFileTypes: true });
    const nested = entries.map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return this.#logs(path);
      return entry.isFile() && entry.name.endsWith('.log') ? [path] : [];
    });
    return (await Promise.all(nested)).flat();
  }

  async finish() {
    const faults = [];
    for (const client of this.#clients) client.close();
    for (const device of this.#devices) await device.close().catch(() => {});
    if (this.gateway.process?.end && this.gateway.process.end.signal !== 'SIGKILL') faults.push(`the gateway ended by itself: ${JSON.stringify(this.gateway.process.end)}`);
    await this.stop().catch((error) => faults.push(error.message));
    if (this.gateway.process?.end?.code !== 0 && this.gateway.process?.end?.signal !== 'SIGKILL') faults.push(`the gateway ended with ${JSON.stringify(this.gateway.process?.end)}`);
    faults.push(...(await this.#sanitizerReports()));
    if (faults.length > 0 || this.#failed) {
      const kept = this.place.source('build/test', MODE, `kept-${this.name}`);
      await rm(kept, { recursive: true, force: true });
      await cp(this.place.folder, kept, { recursive: true, filter: (path) => !/\.sock$/.test(path) }).catch(() => {});
      console.log(`kept: ${kept}`);
    }
    await rm(this.place.folder, { recursive: true, force: true });
    assert.deepEqual(faults, []);
  }
}

/** Waits for the audit log to say so; the entry. */
export function waitAudit(client, what, matches, seconds = 10) {
  return waitFor(
    `'${what}' in the audit log`,
    async () => (await client.get('/audit?limit=200')).items.find((item) => item.what === what && matches(item)),
    { seconds: seconds * SLOW },
  );
}
