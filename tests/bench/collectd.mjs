// collectd with its plugins statsd and mqtt, as Debian has them, and a broker of its own: the project's configuration without the access
// list, which lets nobody publish on collectd's topics. Nothing of it is a service; it ends with us.
import { readFile, writeFile } from 'node:fs/promises';
import { Broker } from '../../deploy/demo/broker.mjs';
import { Place } from '../../deploy/demo/place.mjs';
import { freePort } from '../../deploy/demo/ports.mjs';
import { Process, run, waitFor } from '../../deploy/demo/process.mjs';

const ID = 'bench-collectd';
const PROGRAM = '/usr/sbin/collectd';

export class Collectd {
  constructor(stack) {
    this.pki = stack.pki;
    this.place = new Place(stack.place.path('collectd'));
    this.broker = new Broker(this.place, this.pki);
  }

  async start() {
    await this.place.makeFolder();
    await this.pki.device(ID);
    await this.broker.prepare();
    const config = await readFile(this.broker.config, 'utf8');
    await writeFile(this.broker.config, config.replace(/^acl_file .*$/m, ''));
    await this.broker.start();
    await this.#listen();
    this.statsdPort = await freePort();
    await writeFile(this.place.path('collectd.conf'), this.#config());
    const words = ['-f', '-C', this.place.path('collectd.conf')];
    this.process = new Process('collectd', PROGRAM, words, { log: this.place.path('collectd.log') });
  }

  async version() {
    const { stdout } = await run(PROGRAM, ['-h']);
    return /collectd (\d+\.\d+\.\d+)/.exec(stdout)[1];
  }

  /** As agent.mjs watches it. */
  side() {
    const { process, broker, statsdPort } = this;
    return { name: 'collectd', style: 'plain', process, port: broker.port, statsdPort, samples: () => this.valueCount() };
  }

  #config() {
    return `Hostname "${ID}"
FQDNLookup false
Interval 1
BaseDir "${this.place.folder}"
PIDFile "${this.place.path('collectd.pid')}"
TypesDB "/usr/share/collectd/types.db"
LoadPlugin statsd
LoadPlugin mqtt
<Plugin statsd>
  Host "127.0.0.1"
  Port "${this.statsdPort}"
</Plugin>
<Plugin mqtt>
  <Publish "broker">
    Host "localhost"
    Port "${this.broker.port}"
    ClientId "${ID}"
    QoS 0
    CACert "${this.pki.path('ca.crt')}"
    CertificateFile "${this.pki.path(`${ID}.crt`)}"
    CertificateKeyFile "${this.pki.path(`${ID}.key`)}"
    TLSProtocol "tlsv1.3"
  </Publish>
</Plugin>
`;
  }

  /** A subscriber that writes a line for each value: what arrives, not what was meant to be sent. */
  async #listen() {
    this.arrived = this.place.path('arrived');
    const words = ['-h', 'localhost', '-p', String(this.broker.port), '-t', 'collectd/#', '-F', 'x'];
    const keys = ['--cafile', this.pki.path('ca.crt'), '--cert', this.pki.path('gateway.crt'), '--key', this.pki.path('gateway.key')];
    this.listener = new Process('mosquitto_sub', 'mosquitto_sub', [...words, ...keys], { log: this.arrived });
  }

  /** How many values have arrived at the broker's subscriber. */
  async valueCount() {
    return (await readFile(this.arrived)).length / 2;
  }

  /** Until the first value has come through. */
  waitForValues() {
    return waitFor('values from collectd', async () => (await this.valueCount()) > 0, { seconds: 20, seen: () => this.process.tail(8) });
  }

  async stop() {
    for (const process of [this.process, this.listener, this.broker.process]) await process?.stop();
  }
}
