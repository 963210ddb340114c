// Frames of fieldline.session.1 as include/fieldline/session.h says them: text messages are JSON-RPC, a binary message is one
// channel byte and its bytes. Nothing here knows a socket.
export const TERMINAL = 0x01;
export const STREAM = 0x03;
export const CREDIT = 0xff;

export const FRAME_BYTES = 16 * 1024; // without the channel byte
export const STREAM_BYTES = FRAME_BYTES - 2; // of a stream in one frame
export const CREDIT_BYTES = 256 * 1024; // the most that may be granted ahead

export function frame(channel: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(1 + bytes.length);
  message[0] = channel;
  message.set(bytes, 1);
  return message;
}

export function credit_frame(channel: number, bytes: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(6);
  const view = new DataView(message.buffer);
  view.setUint8(0, CREDIT);
  view.setUint8(1, channel);
  view.setUint32(2, bytes);
  return message;
}

export function stream_frame(stream: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(3 + bytes.length);
  new DataView(message.buffer).setUint16(1, stream);
  message[0] = STREAM;
  message.set(bytes, 3);
  return message;
}

export function stream_credit_frame(stream: number, bytes: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(8);
  const view = new DataView(message.buffer);
  view.setUint8(0, CREDIT);
  view.setUint8(1, STREAM);
  view.setUint16(2, stream);
  view.setUint32(4, bytes);
  return message;
}

// What a message of the gateway on a stream says: bytes of it, or credit for it.
export type StreamNews = { stream: number; bytes: Uint8Array } | { stream: number; credit: number };

export function parse_stream(message: Uint8Array): StreamNews | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message[0] === STREAM && message.length > 3) return { stream: view.getUint16(1), bytes: message.subarray(3) };
  if (message[0] === CREDIT && message[1] === STREAM && message.length === 8) return { stream: view.getUint16(2), credit: view.getUint32(4) };
  return undefined;
}

// Cuts UTF-8 into pieces of at most `most` bytes, never inside a character.
export function cut_text(bytes: Uint8Array, most: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0;
  while (start < bytes.length) {
    let end = Math.min(bytes.length, start + most);
    while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return pieces;
}

// One JSON-RPC 2.0 message of either kind.
export interface Control {
  id?: number | string;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: { code?: number; message?: string; data?: { code?: string } };
}

export function parse_control(text: string): Control | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Control) : undefined;
  } catch {
    return undefined;
  }
}
