// The certificates and the broker: deploy/pki/fieldline-pki and deploy/mosquitto/, as an operator would use them.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { freePort } from './ports.mjs';
import { Process, run, waitFor } from './process.mjs';

export class Pki {
  constructor(place) {
    this.place = place;
    this.folder = place.path('pki');
  }

  run(...args) {
    return run(this.place.source('deploy/pki/fieldline-pki'), ['-d', this.folder, ...args]);
  }

  async make() {
    await mkdir(this.folder, { recursive: true });
    await this.run('init');
    await this.run('server', 'broker');
    await this.run('server', 'web');
    await this.run('gateway');
  }

  device(id) {
    return this.run('device', id);
  }

  path(name) {
    return `${this.folder}/${name}`;
  }

  read(name) {
    return readFile(this.path(name));
  }
}

export class Broker {
  /** `foreign`: {user: password} of devices without our agent; they get a listener of their own. */
  constructor(place, pki, { foreign } = {}) {
    this.place = place;
    this.pki = pki;
    this.foreign = foreign;
  }

  async prepare() {
    this.port = await freePort();
    await this.place.makeFolder('broker');
    const words = {
      LISTEN: '127.0.0.1',
      PORT: this.port,
      PKI: this.pki.folder,
      ACL: this.place.source('deploy/mosquitto/acl'),
      USER: this.place.user,
    };
    const sources = ['deploy/mosquitto/mosquitto.conf.in'];
    if (this.foreign) {
      sources.push('deploy/mosquitto/foreign.conf.in');
      Object.assign(words, await this.#prepareForeign());
    }
    const template = (await Promise.all(sources.map((path) => readFile(this.place.source(path), 'utf8')))).join('\n');
    this.config = this.place.path('broker/mosquitto.conf');
    await writeFile(this.config, template.replaceAll(/@([A-Z_]+)@/g, (whole, word) => words[word] ?? whole));
  }

  async #prepareForeign() {
    this.foreignPort = await freePort();
    const passwords = this.place.path('broker/passwords');
    const text = Object.entries(this.foreign).map(([user, password]) => `${user}:${password}\n`).join('');
    await writeFile(passwords, text, { mode: 0o600 });
    await run('mosquitto_passwd', ['-U', passwords]);
    return {
      FOREIGN_LISTEN: '127.0.0.1',
      FOREIGN_PORT: this.foreignPort,
      FOREIGN_ACL: this.place.source('deploy/mosquitto/foreign-acl'),
      PASSWORDS: passwords,
    };
  }

  async start() {
    const path = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`; // Debian keeps mosquitto in /usr/sbin
    this.process = new Process('broker', 'mosquitto', ['-c', this.config], {
      log: this.place.path('broker/mosquitto.log'),
      env: { PATH: path },
    });
    await waitFor(`the broker on port ${this.port}`, () => this.#answers(), { seconds: 15, every: 30 });
  }

  async #answers() {
    if (!this.process.isRunning) throw Object.assign(new Error(`the broker ended:\n${await this.process.tail()}`), { fatal: true });
    const ca = await this.pki.read('ca.crt');
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', servername: 'localhost', port: this.port, ca }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', reject);
    });
  }
}
