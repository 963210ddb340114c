// Three ways from a key to its echo, for the same client: a session, a plain TCP relay, ssh. Each ends in /bin/sh on a terminal of
// this machine. A line has write(bytes), onBytes(function), close().
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../deploy/demo/ports.mjs';
import { Process, run, waitFor } from '../../deploy/demo/process.mjs';

const TERMINAL = 0x01;
const SSHD = '/usr/sbin/sshd';

/** A terminal of a session (console_session.mjs). */
export class SessionLine {
  constructor(session) {
    this.session = session;
    session.ws.on('message', (data, isBinary) => {
      session.screen = '';
      if (isBinary && data[0] === TERMINAL) this.heard?.(data.subarray(1));
    });
  }

  write(bytes) {
    this.session.ws.send(Buffer.concat([Buffer.from([TERMINAL]), bytes]));
  }

  onBytes(heard) {
    this.heard = heard;
  }

  close() {
    this.session.ws.terminate();
  }
}

/** Through bench-relay (tests/bench/relay.c). */
export class TcpLine {
  static async open(program) {
    const child = spawn(program, { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.stdout.once('data', (data) => resolve(Number(data)));
    });
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new TcpLine(child, socket);
  }

  constructor(child, socket) {
    Object.assign(this, { child, socket });
    socket.on('data', (data) => this.heard?.(data));
    socket.on('error', () => {}); // its end is the relay's
  }

  write(bytes) {
    this.socket.write(bytes);
  }

  onBytes(heard) {
    this.heard = heard;
  }

  close() {
    this.socket.destroy();
    this.child.kill();
  }
}

/** Through ssh and an sshd of its own: loopback, a free port, keys that live as long as `folder`. */
export class SshLine {
  /** Why there is none; undefined when there is. */
  static get missing() {
    return existsSync(SSHD) ? undefined : 'openssh-server is not installed (deploy/install-packages bench)';
  }

  static async open(folder) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = (name) => join(folder, name);
    const port = await freePort();
    const { uid, username } = userInfo();
    for (const name of ['host', 'user']) await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path(name)]);
    if (uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 }); // where sshd of root locks itself in
    const settings = [
      `Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${path('host')}`, `AuthorizedKeysFile ${path('user.pub')}`, 'PidFile none',
      'StrictModes no', 'UsePAM no', 'PasswordAuthentication no', 'PermitRootLogin prohibit-password', `AllowUsers ${username}`,
    ];
    await writeFile(path('sshd.conf'), `${settings.join('\n')}\n`);
    const server = new Process('sshd', SSHD, ['-D', '-e', '-f', path('sshd.conf')], { log: path('sshd.log') });
    await waitFor('sshd', async () => (await run('ssh-keyscan', ['-p', String(port), '127.0.0.1'], { allowFailure: true })).stdout !== '', { seconds: 10 });
    const options = ['-F', '/dev/null', '-i', path('user'), '-p', String(port)];
    for (const one of ['IdentitiesOnly=yes', 'BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR']) options.push('-o', one);
    return new SshLine(server, spawn('ssh', ['-tt', ...options, `${username}@127.0.0.1`, 'exec /bin/sh'], { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  constructor(server, child) {
    Object.assign(this, { server, child });
    child.stdout.on('data', (data) => this.heard?.(data));
    child.stdin.on('error', () => {}); // ssh ended: whoever waits for an echo says so
  }

  write(bytes) {
    this.child.stdin.write(bytes);
  }

  onBytes(heard) {
    this.heard = heard;
  }

  async close() {
    this.child.kill();
    await this.server.stop();
  }
}

const ECHO_MS = 10000;
const LINE = 'Nov 22 01:02:03 freezer-7 control: compressor on, -71.3 degrees';

function within(ms, what, begin) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms)));
  return Promise.race([new Promise(begin), late]).finally(() => clearTimeout(timer));
}

/** Its shell gives way to a program that reads and says nothing: from here on only what is typed appears. */
export async function quiet(line) {
  let text = '';
  await within(ECHO_MS, 'a shell', (resolve) => {
    line.onBytes((bytes) => (text += bytes).includes('ready-17') && resolve());
    line.write(Buffer.from("stty -icanon; echo ready-$((10+7)); exec cat >/dev/null\r"));
  });
}

/** Milliseconds from each of `count` keys to its echo, one at a time. */
export async function echoes(line, count) {
  const key = Buffer.from('k');
  const taken = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    await within(ECHO_MS, 'an echo', (resolve) => {
      line.onBytes(resolve);
      line.write(key);
    });
    taken.push(performance.now() - begun);
  }
  return taken;
}

/** MB/s of so many bytes that a program in the shell prints. */
export async function bulk(line, bytes) {
  let seen = 0;
  const begun = performance.now();
  await within(120 * 1000, 'output', (resolve) => {
    line.onBytes((piece) => (seen += piece.length) >= bytes && resolve());
    line.write(Buffer.from(`stty -opost; yes '${LINE}' | head -c ${bytes}; stty opost\r`));
  });
  return seen / 1e6 / ((performance.now() - begun) / 1000);
}

/** The value below which the part `p` of them lies. */
export function quantile(values, p) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];
}
