// The keys of this phone, one for each product, in IndexedDB. The private half is made non-extractable: no script, not even
// this one, can read it; it can only be used.
import { base64url, sha256_hex } from './statement';

export interface PhoneKey {
  device: string;
  name: string;
  id: string; // SHA-256 of the point, hex
  point: string; // base64url
  pair: CryptoKeyPair;
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('fieldline-owner', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('keys', { keyPath: 'device' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no IndexedDB'));
  });
}

async function run<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const request = act(database.transaction('keys', mode).objectStore('keys'));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
    });
  } finally {
    database.close();
  }
}

export const all_keys = (): Promise<PhoneKey[]> => run('readonly', (store) => store.getAll());
export const keep_key = (key: PhoneKey): Promise<unknown> => run('readwrite', (store) => store.put(key));
export const forget_key = (device: string): Promise<unknown> => run('readwrite', (store) => store.delete(device));

export async function make_key(device: string, name: string): Promise<PhoneKey> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
  const raw = await crypto.subtle.exportKey('raw', pair.publicKey);
  return { device, name, id: await sha256_hex(raw), point: base64url(raw), pair };
}
