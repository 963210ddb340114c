// A product of the model test-product: a real agent, and a firmware that says what the test tells it to, as firmware does:
// statsd and syslog datagrams (UDP on loopback, since Node has no Unix datagram sockets), and a log file of its own.
import { createSocket } from 'node:dgram';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { freePort } from '../../deploy/demo/ports.mjs';
import { waitFor } from '../../deploy/demo/process.mjs';

export class Firmware {
  static async on(stack, id, { agent = {}, ...options } = {}) {
    const statsdPort = await freePort();
    const syslogPort = await freePort();
    const product = await stack.addProduct({
      id,
      model: 'test-product',
      ...options,
      agent: {
        ...agent,
        statsd: { port: statsdPort, flush: '500ms', ...agent.statsd },
        syslog: { port: syslogPort },
        'tail journal': { file: 'journal.log', app: 'journal' },
      },
    });
    const firmware = Firmware.of(product);
    await writeFile(firmware.journalPath, '');
    await product.startAgent();
    await firmware.waitListening();
    return firmware;
  }

  /** The firmware of a product that is there. */
  static of(product) {
    return new Firmware(product, product.agent.statsd.port, product.agent.syslog.port);
  }

  constructor(product, statsdPort, syslogPort) {
    Object.assign(this, { product, statsdPort, syslogPort });
    this.journalPath = `${product.folder}/journal.log`;
    this.socket = createSocket('udp4');
    this.socket.on('error', () => {}); // nobody listens while the agent is down
    this.socket.unref();
  }

  /** Until the agent has its sockets. */
  waitListening() {
    return waitFor(`${this.product.id}: the agent's sockets`, async () => {
      if (!this.product.process.isRunning) throw Object.assign(new Error(`the agent ended:\n${await this.product.process.tail()}`), { fatal: true });
      const hex = (port) => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
      const table = await readFile('/proc/net/udp', 'utf8');
      return table.includes(hex(this.statsdPort)) && table.includes(hex(this.syslogPort));
    }, { seconds: 30, every: 20 });
  }

  statsd(text) {
    this.socket.send(text, this.statsdPort, '127.0.0.1');
  }

  gauge(metric, value) {
    this.statsd(`${metric}:${value}|g`);
  }

  fault(code, state, text = code) {
    this.statsd(`_e{${Buffer.byteLength(code)},${Buffer.byteLength(text)}}:${code}|${text}|t:error|#code:${code},state:${state}`);
  }

  call(text) {
    this.statsd(`_e{4,${Buffer.byteLength(text)}}:call|${text}|#call:owner`);
  }

  log(severity, app, text) {
    this.socket.send(`<${3 * 8 + severity}>Nov 22 01:02:03 ${app}: ${text}`, this.syslogPort, '127.0.0.1');
  }

  /** Lines of the product's own log file, which the agent follows. */
  journal(lines) {
    return appendFile(this.journalPath, lines.map((line) => `${line}\n`).join(''));
  }
}
