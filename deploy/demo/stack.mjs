// Everything that runs, in the order of the data: certificates, broker, gateway, products. Each part can be stopped,
// killed and started again by itself; stop() ends all of it in reverse order.
import { Broker, Pki } from './broker.mjs';
import { Gateway } from './gateway.mjs';
import { Place } from './place.mjs';
import { Product } from './product.mjs';

export class Stack {
  constructor(folder, { mode, gateway, foreign } = {}) {
    this.place = new Place(folder, mode);
    this.pki = new Pki(this.place);
    this.broker = new Broker(this.place, this.pki, { foreign });
    this.gateway = new Gateway(this.place, this.pki, this.broker, gateway);
    this.products = new Map();
  }

  async prepare() {
    await this.place.makeFolder();
    await this.pki.make();
    if (this.broker.foreign) await this.pki.run('adapters');
    await this.broker.prepare();
    await this.gateway.prepare();
  }

  async addProduct(options) {
    const product = new Product(this.place, this.pki, this.broker, options);
    await product.prepare();
    this.products.set(product.id, product);
    return product;
  }

  async start() {
    await this.broker.start();
    await this.gateway.start();
    for (const product of this.products.values()) {
      await product.startAgent();
      await product.startFake();
    }
  }

  /** Ends everything; what did not end well is told at the end, in one error. */
  async stop() {
    const faults = [];
    const attempt = (what) => what.catch((error) => faults.push(error.message));
    await Promise.all([...this.products.values()].map((product) => attempt(product.stop())));
    if (this.gateway.process) await attempt(this.gateway.process.stop(20));
    if (this.broker.process) await attempt(this.broker.process.stop());
    if (faults.length > 0) throw new Error(faults.join('\n'));
  }

  /** Every process that still runs. */
  get running() {
    const all = [this.broker.process, this.gateway.process];
    for (const product of this.products.values()) all.push(product.process, product.fakeProcess);
    return all.filter((process) => process?.isRunning);
  }
}
