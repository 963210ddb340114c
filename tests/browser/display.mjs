// A real X server without a screen, a VNC server that shows it, and a terminal window in it that writes down what is typed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../deploy/demo/ports.mjs';
import { run, waitFor } from '../../deploy/demo/process.mjs';

export const WIDTH = 640;
export const HEIGHT = 480;

export class Display {
  static async start() {
    const display = new Display();
    display.folder = await mkdtemp(join(tmpdir(), 'fl-x-'));
    try {
      await display.#start();
    } catch (error) {
      await display.stop();
      throw error;
    }
    return display;
  }

  #children = [];

  #spawn(program, args, stdio = ['ignore', 'ignore', 'ignore']) {
    const child = spawn(program, args, { stdio, env: { ...process.env, DISPLAY: this.name ?? '' } });
    child.on('error', (error) => (this.fault = error));
    this.#children.push(child);
    return child;
  }

  async #start() {
    const server = this.#spawn('Xvfb', ['-displayfd', '1', '-screen', '0', `${WIDTH}x${HEIGHT}x24`, '-nolisten', 'tcp', '-noreset'], ['ignore', 'pipe', 'ignore']);
    const [number] = await once(server.stdout, 'data');
    this.name = `:${number.toString().trim()}`;
    this.port = await freePort();
    await this.paint('#ff0000');
    this.keys = join(this.folder, 'keys');
    this.#spawn('xterm', ['-geometry', '40x10+0+0', '-bg', '#0000ff', '-fg', '#0000ff', '-cr', '#0000ff', '-e', `cat >'${this.keys}'`]);
    await waitFor('the window', async () => (await this.#windows()).includes('xterm'), { seconds: 20 });
    this.#spawn('x11vnc', ['-display', this.name, '-rfbport', String(this.port), '-localhost', '-nopw', '-forever', '-shared', '-norc', '-q', '-nocursor', '-noxrecord']);
    await waitFor('the VNC server', async () => (await readFile('/proc/net/tcp', 'utf8')).includes(`0100007F:${this.port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`), { seconds: 20 });
  }

  async #windows() {
    const { stdout } = await run('xwininfo', ['-display', this.name, '-root', '-tree']);
    return stdout;
  }

  /** The background of everything. */
  paint(colour) {
    return run('xsetroot', ['-display', this.name, '-solid', colour]);
  }

  typed() {
    return readFile(this.keys, 'utf8').catch(() => '');
  }

  async stop() {
    for (const child of this.#children.reverse()) {
      if (child.exitCode === null && child.signalCode === null && child.pid) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
