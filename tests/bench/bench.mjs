// What the topics share: one installation (certificates, broker, gateway with the project's packs) in a folder of its own, load
// generators, and the rates that were measured before. Everything real: TLS with client certificates, QoS 0 (the agents' default),
// commits with synchronous=FULL before anything is acknowledged. A gateway that is measured begins with an empty store.
import { readFile, rm } from 'node:fs/promises';
import { Process, waitFor } from '../../deploy/demo/process.mjs';
import { Stack } from '../../deploy/demo/stack.mjs';
import { Load } from './load.mjs';

export const DEVICES = 50;
/** How far back telemetry begins: devices that measure a set of ten metrics a second, sent faster than they were measured. */
export const HISTORY_S = 3 * 86400;
const WARM_MS = 1000;

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

export class Bench {
  constructor(folder, rounds) {
    this.folder = folder;
    this.rounds = rounds;
    this.seconds = rounds === 1 ? 3 : 5;
    this.stack = new Stack(folder, {});
    this.loads = new Set();
    this.certified = 0;
    this.rates = new Map(); // samples a message -> messages/s of the gateway
  }

  async prepare() {
    await this.stack.prepare();
    await this.stack.broker.start();
  }

  /** Certificates for bench-0001 to bench-`count`. */
  async certify(count) {
    while (this.certified < count) await this.stack.pki.device(`bench-${String(++this.certified).padStart(4, '0')}`);
  }

  /** With an empty store. The generator sends nothing to nobody: the gateway has to listen before the first message. */
  async startGateway() {
    const { gateway } = this.stack;
    await rm(gateway.dataDir, { recursive: true, force: true });
    await gateway.command('init');
    await gateway.start();
    await waitFor('the gateway at the broker', async () => (await gateway.figure('broker_connected')) === 1, { every: 20 });
  }

  stopGateway() {
    return this.stack.gateway.process.stop(60);
  }

  get watched() {
    const { broker, gateway } = this.stack;
    return { broker: broker.process.pid, ...(gateway.process?.isRunning && { gateway: gateway.process.pid }) };
  }

  /** A generator that runs; `options` over the usual ones. */
  async startLoad(options = {}, watch = this.watched) {
    const usual = { pki: this.stack.pki.folder, port: this.stack.broker.port, devices: DEVICES, 'history-s': HISTORY_S };
    const all = { ...usual, ...options };
    await this.certify((all.first ?? 1) + all.devices - 1);
    const load = new Load(this.stack.place.program('bench-load'), all, watch);
    this.loads.add(load);
    return load;
  }

  async load(options, watch) {
    const load = await this.startLoad(options, watch);
    return load.result;
  }

  /** As fast as it goes, for `seconds` after a second that does not count. */
  get fullSpeed() {
    return { 'warm-ms': WARM_MS, seconds: this.seconds };
  }

  /** The bare subscriber beside the same load; it paces the generator, which cannot know otherwise. */
  async bare(options) {
    const counter = `${this.folder}/counter`;
    const log = `${this.folder}/count.log`;
    await rm(log, { force: true });
    const count = new Process('bench-count', this.stack.place.program('bench-count'),
      ['--port', String(this.stack.broker.port), '--pki', this.stack.pki.folder, '--counter', counter], { log });
    try {
      await waitFor('the counting subscriber', async () => (await readFile(log, 'utf8')).includes('ready'), { every: 20 });
      return await this.load({ ...this.fullSpeed, ...options, counter }, { broker: this.stack.broker.process.pid, bare: count.pid });
    } finally {
      await count.kill();
    }
  }

  /** Everything that was sent is in the store, and nothing was refused or raised an alarm by itself. */
  async check(sentSamples, alarmChanges = 0) {
    const { gateway } = this.stack;
    const names = ['samples_total', 'quarantined_total', 'rejected_records_total', 'alarms_raised_total', 'alarms_cleared_total'];
    const [samples, quarantined, rejected, raised, cleared] = await Promise.all(names.map((name) => gateway.figure(name)));
    if (samples !== sentSamples) throw new Error(`${sentSamples} samples were sent and acknowledged, ${samples} were stored`);
    if (quarantined + rejected > 0) throw new Error(`${quarantined} messages in quarantine, ${rejected} records rejected`);
    if (raised + cleared !== alarmChanges) throw new Error(`${alarmChanges} alarm changes were made, ${raised + cleared} happened`);
  }

  /** Messages/s of the gateway at so many samples a message: as measured before, or measured now. */
  async fullRate(samples) {
    if (!this.rates.has(samples)) {
      await this.startGateway();
      this.rates.set(samples, (await this.load({ ...this.fullSpeed, samples })).rate);
      await this.stopGateway();
    }
    return this.rates.get(samples);
  }

  /** Between topics: nothing of the one before runs on. The broker does. */
  async tidy() {
    for (const load of this.loads) load.kill();
    this.loads.clear();
    for (const product of this.stack.products.values()) await product.stop();
    this.stack.products.clear();
    if (this.stack.gateway.process) await this.stopGateway();
  }

  async stop() {
    await this.tidy();
    await this.stack.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
