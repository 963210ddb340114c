// One product: a real agent with its certificate and its folder, and (but for the machine itself) a simulated appliance that
// speaks to it through statsd and syslog. Socket paths are relative to the folder: a Unix socket's path has to be short.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { ini } from './ini.mjs';
import { Process, run, waitFor } from './process.mjs';

export class Product {
  /**
   * `agent`: sections over the usual ones; `fake`: {name, args} of the simulator, tests/fake/NAME.c.
   * `diagnostics`: name -> command line. `owner`: how it asks for consent: 'hook' (a simulated owner answers,
   * deploy/demo/owner), 'code' (a simulated display shows it, deploy/demo/display), or 'deny'.
   */
  constructor(place, pki, broker, { id, model, agent = {}, diagnostics = {}, owner = 'deny', fake, env }) {
    Object.assign(this, { place, pki, broker, id, model, agent, diagnostics, owner, fake, env });
    this.folder = place.path(id);
  }

  async prepare() {
    await this.pki.device(this.id);
    for (const folder of ['data', 'run', 'service']) await this.place.makeFolder(this.id, folder);
    const usual = {
      agent: { model: this.model, serial: `SN-${this.id}`, firmware: '4.2.1', data_dir: 'data', run_dir: 'run' },
      broker: {
        host: 'localhost',
        port: this.broker.port,
        ca: this.pki.path('ca.crt'),
        cert: this.pki.path(`${this.id}.crt`),
        key: this.pki.path(`${this.id}.key`),
        backoff_min: '200ms',
        backoff_max: '2s',
        reconnect_spread: '200ms',
      },
      spool: { sync: '1s' },
      batch: { max_wait: '500ms' },
      statsd: { socket: 'run/statsd.sock', flush: '1s' },
      syslog: { socket: 'run/syslog.sock' },
      session: {
        enabled: 'yes',
        program: this.place.program('fieldline-session'),
        capabilities: 'observe,diagnose,shell',
        consent: this.owner,
        consent_hook: this.owner === 'hook' ? `${this.folder}/ask-owner` : undefined,
        code_show: this.owner === 'code' ? `${this.folder}/show-code` : undefined,
        shell: '/bin/sh',
      },
    };
    const sections = { ...usual };
    for (const [name, keys] of Object.entries(this.agent)) sections[name] = { ...usual[name], ...keys };
    for (const [name, command] of Object.entries(this.diagnostics)) sections[`diagnostic ${name}`] = { command };
    await this.#script('ask-owner', 'owner');
    await this.#script('show-code', 'display');
    this.config = `${this.folder}/agent.conf`;
    await writeFile(this.config, ini(sections));
    await this.command('check');
  }

  /** A program without arguments, as the agent wants it: one of ours that knows this folder. */
  #script(name, program) {
    const text = `#!/bin/sh\nexec '${this.place.source('deploy/demo', program)}' '${this.folder}'\n`;
    return writeFile(`${this.folder}/${name}`, text, { mode: 0o755 });
  }

  /** `fieldline-agent VERB -c FILE` */
  command(verb, { allowFailure } = {}) {
    const options = { cwd: this.folder, env: this.env, allowFailure };
    return run(this.place.program('fieldline-agent'), [verb, '-c', this.config], options);
  }

  /** What its owner will answer, one after the other, and after how many seconds. */
  async answers(list, seconds = 0) {
    await writeFile(`${this.folder}/thinks`, `${seconds}\n`);
    await writeFile(`${this.folder}/answers`, list.map((answer) => `${answer}\n`).join(''));
  }

  /** The code that its display shows, once it shows one; the display is then cleared. */
  async code(seconds = 15) {
    const display = `${this.folder}/display.txt`;
    const text = await waitFor(`${this.id} to show a code`, () => readFile(display, 'utf8'), { seconds });
    await rm(display);
    return text.split('\n')[0];
  }

  /** What the agent says of itself, in run/status.json. */
  async status() {
    return JSON.parse(await readFile(`${this.folder}/run/status.json`, 'utf8'));
  }

  get statsdSocket() {
    return `${this.folder}/run/statsd.sock`;
  }

  get syslogSocket() {
    return `${this.folder}/run/syslog.sock`;
  }

  async startAgent() {
    await rm(this.statsdSocket, { force: true }); // so that its being there means that this agent made it
    this.process = new Process(this.id, this.place.program('fieldline-agent'), ['run', '-c', this.config], {
      log: `${this.folder}/agent.log`,
      cwd: this.folder,
      env: this.env,
    });
  }

  async startFake() {
    if (!this.fake) return;
    const paths = ['--dir', 'service', '--statsd', 'run/statsd.sock', '--syslog', 'run/syslog.sock'];
    this.fakeProcess = new Process(`${this.id} appliance`, this.place.program(`fake-${this.fake.name}`), [...paths, ...this.fake.args], {
      log: `${this.folder}/appliance.log`,
      cwd: this.folder,
    });
  }

  async stop() {
    await this.fakeProcess?.stop();
    await this.process?.stop();
  }

  /** Until the gateway says that it is online. */
  waitOnline(client, seconds = 20) {
    return waitFor(`${this.id} to be online`, async () => (await client.get(`/devices/${this.id}`)).online, {
      seconds,
      seen: () => this.process?.tail(8),
    });
  }
}
