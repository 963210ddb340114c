// The guest's pass: the link's token, and the seat that the gateway gave when the link was first opened. Kept for this tab
// alone, so that a reload comes back and a closed tab leaves nothing.
import { post } from '../api/client';
import { Problem } from '../api/problem';

export interface Entry {
  session: string;
  device: string;
  name: string;
  may: string[];
  expires_ms: number;
  ticket: string;
  seat?: string;
}
interface Pass {
  token: string;
  seat?: string;
}
const KEPT = 'fieldline.join';

function kept(): Pass | undefined {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null') as Pass | null;
    return found && typeof found.token === 'string' ? found : undefined;
  } catch {
    return undefined;
  }
}

function keep(pass: Pass): void {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(pass));
  } catch {
    // Without storage a reload needs the link again.
  }
}

let pass: Pass | undefined;

// True: there is a token, from the address or from before a reload.
export function take_pass(): boolean {
  const token = new URLSearchParams(location.hash.slice(1)).get('t');
  const before = kept();
  pass = token && token !== before?.token ? { token } : before;
  if (token) history.replaceState(null, '', location.pathname);
  if (pass) keep(pass);
  return pass !== undefined;
}

// Opens the link, for each connection anew. Throws a Problem; 403: it does not hold.
export async function enter(): Promise<Entry> {
  if (!pass) throw new Problem(403, 'denied', '');
  const entry = await post<Entry>('/join', pass);
  if (entry.seat) {
    pass = { ...pass, seat: entry.seat };
    keep(pass);
  }
  return entry;
}
