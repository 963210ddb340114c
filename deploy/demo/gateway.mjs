// The gateway as a process: configuration, `init`, users, start, and its command line.
import { rm, readFile, writeFile } from 'node:fs/promises';
import { Client } from './client.mjs';
import { ini } from './ini.mjs';
import { freePort } from './ports.mjs';
import { Process, run, waitFor } from './process.mjs';

export class Gateway {
  /** `rules`: another folder of product packs than the project's. `settings`: sections that go over the usual ones. */
  constructor(place, pki, broker, { rules = place.source('rules'), settings = {} } = {}) {
    Object.assign(this, { place, pki, broker, rules, settings });
    this.dataDir = place.path('gateway');
    this.config = place.path('gateway.conf');
  }

  async prepare() {
    // Fixed ports: after a restart, clients and products find it where it was.
    const ports = { web: await freePort(), session: await freePort() };
    const usual = {
      gateway: { data_dir: this.dataDir, rules_dir: this.rules, log_level: 'info' },
      broker: {
        host: 'localhost',
        port: this.broker.port,
        ca: this.pki.path('ca.crt'),
        cert: this.pki.path('gateway.crt'),
        key: this.pki.path('gateway.key'),
      },
      web: {
        listen: '127.0.0.1',
        port: ports.web,
        session_listen: '127.0.0.1',
        session_port: ports.session,
        cert: this.pki.path('web.crt'),
        key: this.pki.path('web.key'),
        device_ca: this.pki.path('ca.crt'),
        device_crl: this.pki.path('crl.pem'),
        console_dir: this.place.source('build/console'),
      },
    };
    if (this.settings.adapters) usual.adapters = { cert: this.pki.path('adapters.crt'), key: this.pki.path('adapters.key') };
    const sections = { ...usual };
    for (const [name, keys] of Object.entries(this.settings)) sections[name] = { ...usual[name], ...keys };
    await writeFile(this.config, ini(sections));
    await this.command('init');
    await this.command('check');
  }

  /** `fieldline-gateway WORDS --config FILE` */
  command(...words) {
    return run(this.place.program('fieldline-gateway'), [...words, '--config', this.config], { env: this.env });
  }

  addUser(name, role, password) {
    const words = ['user', 'add', name, '--role', role, '--config', this.config];
    return run(this.place.program('fieldline-gateway'), words, { input: `${password}\n`, env: this.env });
  }

  /** Checks a recording with the gateway's command line; {ok, text}. */
  async verify(file, ...options) {
    const { code, stdout, stderr } = await run(
      this.place.program('fieldline-gateway'),
      ['transcript', 'verify', file, ...options, '--config', this.config],
      { allowFailure: true, env: this.env },
    );
    return { ok: code === 0, text: (stdout + stderr).trim() };
  }

  /** The text of a recording's file ('cast', 'jsonl'), which lies encrypted. */
  async recording(id, ending) {
    const { stdout } = await this.command('transcript', 'show', `${this.dataDir}/transcripts/${id}.${ending}`);
    return stdout;
  }

  async start() {
    const portsFile = `${this.dataDir}/ports.json`;
    await rm(portsFile, { force: true });
    this.process = new Process('gateway', this.place.program('fieldline-gateway'), ['serve', '--config', this.config], {
      log: this.place.path('gateway.log'),
      env: this.env,
    });
    this.ports = await waitFor('the gateway to write its ports', () => this.#readPorts(portsFile), { seconds: 30, every: 30 });
    this.origin = `https://localhost:${this.ports.web}`;
    const client = await this.client();
    await waitFor('the gateway to answer', async () => (await client.raw('GET', '/healthz')).status === 200, { seconds: 15 });
    client.close();
  }

  async #readPorts(file) {
    if (!this.process.isRunning) throw Object.assign(new Error(`the gateway ended:\n${await this.process.tail()}`), { fatal: true });
    return JSON.parse(await readFile(file, 'utf8'));
  }

  /** A client of this gateway, not logged in yet. */
  async client() {
    return new Client(this.origin, await this.pki.read('ca.crt'));
  }

  async login(user, password) {
    const client = await this.client();
    await client.login(user, password);
    return client;
  }

  /** One figure of /metrics, without its prefix `fieldline_`; 0 when it has none. */
  async figure(name) {
    const client = await this.client();
    try {
      const text = (await client.raw('GET', '/metrics')).body.toString();
      const found = text.split('\n').filter((line) => line.startsWith(`fieldline_${name} `) || line.startsWith(`fieldline_${name}{`));
      return found.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    } finally {
      client.close();
    }
  }
}
