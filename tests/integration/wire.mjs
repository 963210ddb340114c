// The way of a product's session to the gateway, so that it can be cut: the gateway tells products the port of this instead of
// its own (`session_url`), and `target` is where that leads.
import { createServer, connect } from 'node:net';
import { after } from 'node:test';

/** A stretch of network that can be cut. */
export class Wire {
  #pairs = new Set();
  isDown = false;
  made = 0;

  static async lay() {
    const wire = new Wire();
    wire.server = createServer((near) => wire.#join(near));
    await new Promise((resolve) => wire.server.listen(0, '127.0.0.1', resolve));
    wire.port = wire.server.address().port;
    after(() => wire.remove());
    return wire;
  }

  #join(near) {
    if (this.isDown) return near.destroy();
    this.made++;
    const far = connect(this.target, '127.0.0.1');
    const pair = { near, far };
    this.#pairs.add(pair);
    for (const socket of [near, far]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
    return undefined;
  }

  /** What is under way is lost, as with a cable that is pulled. */
  cut() {
    for (const { near, far } of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  async remove() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
