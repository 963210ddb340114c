// Whoever looks at a session whose program prints without end, in a process of its own. Started by session_crowd.mjs, which gives
// it by message what it needs to log in. At each 'flood' it starts the program and says 'flooding' once that is one; at each 'stop'
// it interrupts the program and says how many MB came a second.
import { ConsoleSession } from '../../deploy/demo/console_session.mjs';
import { Client } from '../../deploy/demo/client.mjs';

const TERMINAL = 0x01;
const ENOUGH = 1e6; // bytes, then it is a flood

async function look({ origin, ca, user, password, id }) {
  const client = new Client(origin, ca);
  await client.login(user, password);
  const session = await ConsoleSession.join(client, id);
  let seen = 0;
  let begun;
  session.ws.on('message', (data, isBinary) => {
    session.screen = '';
    if (!isBinary || data[0] !== TERMINAL) return;
    seen += data.length - 1;
    if (begun !== undefined || seen < ENOUGH) return;
    begun = performance.now();
    seen = 0;
    process.send('flooding');
  });
  await session.call('terminal.open', { cols: 80, rows: 24, term: 'xterm' });
  const orders = {
    flood: () => {
      seen = 0;
      begun = undefined;
      session.type('yes\r');
    },
    stop: () => {
      const rate = seen / 1e6 / ((performance.now() - begun) / 1000);
      session.type('\x03');
      process.send({ rate });
    },
  };
  process.on('message', (word) => orders[word]());
  process.send('looking');
}

process.once('message', look);
