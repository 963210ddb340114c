// A product of the model tunable-product: a real agent whose parameters are files and programs in its folder.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { Firmware } from './firmware.mjs';
import { SLOW, waitFor } from './stack.mjs';

/** setpoint and limit are files, fan a program's; `health` answers by its exit status, which is in the file "health". */
export async function tunable(stack, id, { configure = {}, session = {}, ...options } = {}) {
  const folder = `${stack.place.path(id)}-parameters`;
  await mkdir(folder, { recursive: true });
  for (const [name, value] of Object.entries({ setpoint: '-20', limit: '-10', fan: 'low', serial: 'A-1', health: '0' })) await writeFile(`${folder}/${name}`, `${value}\n`);
  // A step is a line of a file; whoever finds a file "stop-at-STEP" there kills whom it names: the program's parent, the session.
  const script = async (name, text) => {
    await writeFile(`${folder}/${name}`, `#!/bin/sh\ncd '${folder}' || exit 9\n${text}`, { mode: 0o755 });
    return `${folder}/${name}`;
  };
  const step = (name) => `if [ -e stop-at-${name} ]; then rm stop-at-${name}; kill -9 $PPID; sleep 0.2; fi\n`;
  const readFan = await script('read-fan', `${step('read')}cat fan\n`);
  const writeFan = await script('write-fan', `${step('write')}[ -e broken ] && { echo 'the fan does not answer'; exit 3; }\nread v\nprintf '%s\\n' "$v" > fan.new && mv fan.new fan\n${step('written')}`);
  const health = await script('is-well', `${step('health')}read s < health\necho "health is $s"\nexit "$s"\n`);
  const firmware = await Firmware.on(stack, id, {
    model: 'tunable-product',
    owner: 'hook',
    ...options,
    agent: {
      ...options.agent,
      session: { capabilities: 'observe,configure,shell', ...session },
      configure: { health, health_after: '200ms', health_every: '200ms', confirm_min: '1s', confirm_max: '5m', ...configure },
      'parameter setpoint': { type: 'number', unit: 'Cel', min: -40, max: -10, file: `${folder}/setpoint` },
      'parameter limit': { type: 'number', unit: 'Cel', min: -40, max: 10, file: `${folder}/limit`, require: 'limit > setpoint + 2' },
      'parameter fan': { type: 'enum', choices: 'low, high', read: readFan, write: writeFan },
      'parameter serial': { type: 'text', file: `${folder}/serial`, writable: 'no' },
    },
  });
  await firmware.product.answers([]);
  return Object.assign(firmware, {
    folder,
    journal: `${firmware.product.folder}/data/params-journal`,
    put: (name, text) => writeFile(`${folder}/${name}`, `${text}\n`),
    value: async (name) => (await readFile(`${folder}/${name}`, 'utf8')).trim(),
    async values() {
      return [await this.value('setpoint'), await this.value('limit'), await this.value('fan')].join(' ');
    },
    /** Until the product has these values and nothing is under way. */
    settled(values, seconds = 20) {
      return waitFor(`${id} to have ${values} and no journal`, async () => (await this.values()) === values && !(await readFile(this.journal).then(() => true, () => false)), {
        seconds: seconds * SLOW,
        every: 50,
        seen: async () => `${await this.values()} ${await readFile(this.journal, 'utf8').catch(() => 'no journal')} ${await firmware.product.process.tail(6)}`,
      });
    },
  });
}
