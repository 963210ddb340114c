// Where things are: the source tree, the built programs, and the folder that one demonstration or test lives in.
import { mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export class Place {
  /** `folder`: where everything of this run is kept. `mode`: which build, as in `make MODE=`. */
  constructor(folder, mode = 'release') {
    this.folder = folder;
    this.mode = mode;
    this.user = userInfo().username;
  }

  program(name) {
    return join(ROOT, 'build', this.mode, name);
  }

  source(...path) {
    return join(ROOT, ...path);
  }

  path(...path) {
    return join(this.folder, ...path);
  }

  async makeFolder(...path) {
    const folder = this.path(...path);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }
}
