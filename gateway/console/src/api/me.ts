// Who is logged in. undefined: not asked yet; null: nobody. The cookie that proves it is out of the console's reach.
import { signal } from '@preact/signals';
import type { Me, Role } from './types';

export const me = signal<Me | null | undefined>(undefined);

// The login ended while somebody was at work here.
export const has_login_ended = signal(false);

export function forget_me(): void {
  if (me.value) has_login_ended.value = true; // several requests may be refused at once
  me.value = null;
}

export function my_role_is(...roles: Role[]): boolean {
  return me.value != null && roles.includes(me.value.role);
}
