// Bytes that a process's TCP connection has moved, as the kernel counts them (`ss`): TLS and what is in it, and for each segment the
// headers of TCP with time stamps (32) and IPv4 (20). Both ways: acknowledgements are paid for on a metered link too.
import { run } from '../../deploy/demo/process.mjs';

const SEGMENT_HEADERS = 52;

export async function wireBytes(pid, port) {
  const { stdout } = await run('ss', ['-tinpH', 'state', 'established', `( dport = :${port} )`]);
  const lines = stdout.split('\n');
  const at = lines.findIndex((line) => line.includes(`pid=${pid},`));
  if (at < 0) throw new Error(`ss shows no connection of process ${pid} to port ${port}:\n${stdout}`);
  const info = lines[at + 1];
  const value = (name) => Number(new RegExp(`\\b${name}:(\\d+)`).exec(info)?.[1] ?? 0);
  return value('bytes_sent') + value('bytes_received') + (value('segs_out') + value('segs_in')) * SEGMENT_HEADERS;
}
