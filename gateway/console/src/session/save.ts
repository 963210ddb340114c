// Where a download goes: straight to the disk where the browser can (a file that the person chooses), else gathered and given
// to the browser to save at the end.
import type { Sink } from './transfer';

interface Writable {
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  close: () => Promise<void>;
  abort: () => Promise<void>;
}
interface Picker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<{ createWritable: () => Promise<Writable> }>;
}

function in_memory(name: string): Sink {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  return {
    write: (bytes) => {
      pieces.push(bytes);
      return Promise.resolve();
    },
    close: () => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob(pieces));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      return Promise.resolve();
    },
    abort: () => {
      pieces.length = 0;
      return Promise.resolve();
    },
  };
}

// undefined: the person changed their mind. `is_big`: too much to gather.
export async function save_as(name: string, is_big: boolean): Promise<Sink | undefined> {
  const picker = (window as Window & Picker).showSaveFilePicker;
  if (!picker || !is_big) return in_memory(name);
  try {
    const handle = await picker.call(window, { suggestedName: name });
    return await handle.createWritable();
  } catch {
    return undefined;
  }
}
