// Opens a WebSocket of the gateway. A socket carries no cookie of its own right: a ticket is fetched first over the
// authenticated session and is good for one socket within 30 s.
import { api_url, post } from './client';

export async function open_socket(path: string, protocol: string, about: { session?: string } = {}): Promise<WebSocket> {
  const { ticket } = await post<{ ticket: string }>('/ws-tickets', about);
  return socket_with(ticket, path, protocol);
}

export function socket_with(ticket: string, path: string, protocol: string): WebSocket {
  const url = new URL(api_url(path), location.href);
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  url.searchParams.set('ticket', ticket);
  const socket = new WebSocket(url, protocol);
  socket.binaryType = 'arraybuffer';
  return socket;
}
