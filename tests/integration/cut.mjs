// What a power cut leaves of the files of a process that ran with a recording disk (tests/fake/preload/disk.c): everything
// that was synced, and of what was not any part, down to single sectors. A sync that failed promises nothing for what was
// written before it, ever, whatever a later sync says: that is what kernels do (pages that could not be written count as
// clean afterwards).
import { readFile, writeFile } from 'node:fs/promises';

const ACT = { write: 1, cut: 2, sync: 3, remove: 4, syncFailed: 5 };
const HEAD_BYTES = 32;
const SECTOR_BYTES = 512;

/** [{atNs, act, path, offset, data}] in the order in which it happened. */
export async function readRecord(file) {
  const all = await readFile(file);
  const records = [];
  for (let at = 0; at + HEAD_BYTES <= all.length;) {
    const pathBytes = all.readUInt32LE(at + 12);
    const bytes = Number(all.readBigUInt64LE(at + 24));
    const dataAt = at + HEAD_BYTES + pathBytes;
    if (dataAt + bytes > all.length) break; // the process was killed while it wrote this
    records.push({
      atNs: all.readBigUInt64LE(at),
      act: all.readUInt32LE(at + 8),
      path: all.toString('utf8', at + HEAD_BYTES, dataAt),
      offset: Number(all.readBigInt64LE(at + 16)),
      data: all.subarray(dataAt, dataAt + bytes),
    });
    at = dataAt + bytes;
  }
  return records;
}

/** A file's bytes on the disk itself. */
class Image {
  constructor(bytes = Buffer.alloc(0)) {
    this.length = bytes.length;
    this.bytes = Buffer.from(bytes);
  }

  copy() {
    return new Image(this.bytes.subarray(0, this.length));
  }

  write(offset, data) {
    const end = offset + data.length;
    if (end > this.bytes.length) {
      const grown = Buffer.alloc(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    if (offset > this.length) this.bytes.fill(0, this.length, offset);
    data.copy(this.bytes, offset);
    this.length = Math.max(this.length, end);
  }

  cut(length) {
    if (length > this.length) this.write(length, Buffer.alloc(0));
    this.length = length;
  }

  apply({ act, offset, data }) {
    if (act === ACT.write) this.write(offset, data);
    else this.cut(offset);
  }
}

/** The disk under a list of records; `base`: name -> bytes that were there, and durable, before them. */
export class PlatterDisk {
  constructor(records, base) {
    this.records = records;
    this.at = 0;
    this.files = new Map(Object.entries(base).map(([path, bytes]) => [path, { durable: new Image(bytes), pending: [] }]));
  }

  /** Everything before record `index` has happened. */
  advance(index) {
    for (; this.at < index; this.at++) {
      const record = this.records[this.at];
      const { act, path } = record;
      if (!this.files.has(path)) this.files.set(path, { durable: new Image(), pending: [] });
      const file = this.files.get(path);
      if (act === ACT.write || act === ACT.cut) file.pending.push(record);
      else if (act === ACT.remove) this.files.delete(path);
      else {
        if (act === ACT.sync) for (const one of file.pending) file.durable.apply(one);
        file.pending = [];
      }
    }
  }

  /** Writes into `folder` what is left when power is cut now. `random`: which of what was not synced got through. */
  async cut(folder, random) {
    const isAllLost = random() < 0.3;
    for (const [path, { durable, pending }] of this.files) {
      const image = durable.copy();
      for (const record of isAllLost ? [] : pending) {
        if (random() < 0.3) continue;
        if (record.act === ACT.cut) image.apply(record);
        else this.#tear(image, record, random);
      }
      await writeFile(`${folder}/${path}`, image.bytes.subarray(0, image.length));
    }
    return [...this.files.values()].reduce((sum, { pending }) => sum + pending.length, 0);
  }

  /** Some sectors of it. */
  #tear(image, { offset, data }, random) {
    const isWhole = random() < 0.5;
    for (let at = 0; at < data.length; at += SECTOR_BYTES) {
      if (isWhole || random() < 0.5) image.write(offset + at, data.subarray(at, at + SECTOR_BYTES));
    }
  }
}
