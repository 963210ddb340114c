// Free ports of this machine's loopback address, each given out once by this process.
import { createServer } from 'node:net';

const given = new Set();

export async function freePort() {
  for (;;) {
    const port = await new Promise((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const { port: free } = server.address();
        server.close(() => resolve(free));
      });
    });
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}
