// The demonstration's three products. One is this machine itself; two are simulated appliances (tests/fake/) with physics that
// a service engineer would recognise. Each has a real agent of its own.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';

/** How the simulated hours pass: seconds of the appliance in one real second. */
const FREEZER_SPEED = 120;
const WASHER_SPEED = 20;

const SYSTEM_LOGS = ['/var/log/syslog', '/var/log/messages'];

function thisMachine(stack) {
  const tails = { broker: stack.place.path('broker/mosquitto.log'), gateway: stack.place.path('gateway.log') };
  for (const file of SYSTEM_LOGS) if (existsSync(file)) tails[file.split('/').pop().split('.')[0]] = file;
  const name = hostname().toLowerCase().replaceAll(/[^a-z0-9-]/g, '-').replace(/^-+/, '').slice(0, 40);
  return {
    id: `machine-${name || 'here'}`,
    model: 'linux-gateway',
    owner: 'deny',
    agent: {
      host: { enabled: 'yes', interval: '2s' },
      statsd: undefined,
      syslog: undefined,
      session: { capabilities: 'observe,diagnose' },
      ...Object.fromEntries(Object.entries(tails).map(([app, file]) => [`tail ${app}`, { file, app }])),
    },
    diagnostics: {
      disk: '/bin/df -h',
      memory: '/usr/bin/free -m',
      network: '/bin/cat /proc/net/dev',
      processes: '/bin/ps -eo pid,pcpu,pmem,etime,comm --sort=-pcpu',
      logs: `/usr/bin/tail -n 200 ${stack.place.path('gateway.log')}`,
    },
  };
}

const sheets = (stack, id, names) => ({
  ...Object.fromEntries(names.map((name) => [name, `/bin/cat ${stack.place.path(id, 'service', `${name}.txt`)}`])),
  logs: `/usr/bin/tail -n 200 ${stack.place.path(id, 'service/controller.log')}`,
});

/** It has been losing refrigerant for a while; its owner answers by a prompt. */
function freezer(stack) {
  const id = 'freezer-0001';
  return {
    id,
    model: 'vaccine-freezer',
    owner: 'hook',
    agent: {
      session: { capabilities: 'observe,diagnose,configure,shell' },
      'parameter setpoint': { type: 'number', unit: 'Cel', min: -30, max: -15, step: 0.5, file: stack.place.path(id, 'service', 'setpoint') },
    },
    fake: { name: 'freezer', args: ['--speed', FREEZER_SPEED, '--charge', 75, '--leak-after', 0, '--leak', 5].map(String) },
    diagnostics: sheets(stack, id, ['sensors', 'compressor', 'leak-check']),
  };
}

/** Its rear bearing is half worn; its owner reads a code from the display. */
function washer(stack) {
  const id = 'washer-0001';
  return {
    id,
    model: 'washing-machine',
    owner: 'code',
    fake: { name: 'washer', args: ['--speed', WASHER_SPEED, '--worn', 58, '--wear-after', 0, '--wear', 4].map(String) },
    diagnostics: sheets(stack, id, ['sensors', 'vibration', 'drive']),
  };
}

export const FREEZER = 'freezer-0001';
export const WASHER = 'washer-0001';

export async function addProducts(stack) {
  await stack.addProduct(thisMachine(stack));
  await stack.addProduct(freezer(stack));
  await stack.addProduct(washer(stack));
}
