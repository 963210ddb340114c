// The shapes of gateway/web/openapi.yaml, by hand and in its order. Times are milliseconds since 1970 UTC.
// The browser tests check every answer, of the fake gateway and of the real one, against that document.

export type Role = 'owner' | 'support' | 'engineer' | 'supervisor' | 'administrator' | 'auditor';
export interface Me {
  user: string;
  name: string;
  role: Role;
}

export const SEVERITIES = ['critical', 'major', 'minor', 'warning'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Health {
  status: 'ok' | 'degraded' | 'unready' | 'dead';
  live: boolean;
  ready: boolean;
  reasons: { id: string; text: string }[];
}
export interface Overview {
  devices: number;
  online: number;
  alarms: Record<Severity, number>;
  tickets_open: number;
  sessions_live: number;
  quarantined: number;
}

export interface Page<T, Cursor> {
  items: T[];
  next?: Cursor | null;
}

export interface Device {
  id: string;
  model: string;
  model_title: string;
  model_title_zh: string;
  serial: string;
  firmware: string;
  online: boolean;
  last_seen_ms: number;
  alarms: number;
  worst: Severity | null;
  tickets_open: number;
  troubles: Trouble[];
}

/** How a product behaves on the wire. */
export interface Trouble {
  kind: 'clock_off' | 'identity_shared' | 'flapping' | 'flooding';
  since_ms: number;
}

export interface Metric {
  name: string;
  title: string;
  title_zh: string;
  unit: string;
  kind: 'gauge' | 'counter';
  charted: boolean;
  parts: string[];
}
export interface Diagnostic {
  name: string;
  title: string;
  title_zh: string;
}
export type ParameterValue = number | boolean | string;
export interface Parameter {
  name: string;
  title: string;
  title_zh?: string;
  unit: string;
  type: 'int' | 'number' | 'bool' | 'enum' | 'text' | 'duration'; // a duration is a number of seconds
  min?: number;
  max?: number;
  step?: number;
  choices?: string[];
  max_bytes?: number;
  pattern?: string;
  default?: ParameterValue;
  risk: 'low' | 'medium' | 'high';
  writable: boolean;
  restarts: boolean;
}
// What the pack says of parameters; missing when it names none.
export interface Configure {
  parameters: Parameter[];
  depends: string[];
  health: string[];
  confirm_s: { min: number; max: number };
}
export interface DeviceDetail extends Device {
  configure: Configure | null;
  agent: string;
  capabilities: string[];
  diagnostics: Diagnostic[];
  metrics: Metric[];
  quarantined: number;
  clock_error_ms: number;
  dropped: number;
  location: { site: string | null; parent: string | null; parent_online: boolean; children: number };
}

// Columns of equal length. A span without data is left out.
export interface History {
  metric: string;
  part: string;
  unit: string;
  step_ms: number;
  damaged: number; // stored pieces that were left out because their checksum is wrong
  t: number[];
  min: number[];
  mean: number[];
  max: number[];
}

export interface LogLine {
  t: number;
  severity: number; // RFC 5424: 0 is the worst, 7 is debug
  app: string;
  text: string;
  cut: boolean;
}

export interface Alarm {
  id: number;
  device: string;
  alarm: string;
  part: string;
  severity: Severity;
  active: boolean;
  unknown: boolean;
  acknowledged: boolean;
  summary: string;
  description: string;
  value: number | null;
  raised_ms: number;
  cleared_ms: number | null;
  count: number;
  ticket: number | null;
  acknowledged_by: string | null;
  state: 'active' | 'acknowledged' | 'latched' | 'cleared' | 'normal';
  latches: boolean;
  flapping: boolean;
  suppressed: Suppressed | null; // why it opens no ticket of its own
  shelved: { by: string; reason: string; from_ms: number; until_ms: number } | null;
  incident: number | null;
  explanation: { term: string; value: number | null; at: number }[];
}
export type Suppressed = 'shelved' | 'maintenance' | 'parent' | 'alarm' | 'past' | 'gathering' | 'fleet';
export interface Shelf {
  device: string;
  alarm: string;
  part: string;
  by: string;
  reason: string;
  from_ms: number;
  until_ms: number;
  alarm_id: number;
  active: boolean;
}
export const SCOPES = ['device', 'site', 'model', 'all'] as const;
export interface Maintenance {
  id: number;
  scope: (typeof SCOPES)[number];
  target: string;
  from_ms: number;
  to_ms: number;
  in_force: boolean;
  by: string;
  reason: string;
  ended_by: string | null;
}
export interface Incident {
  id: number;
  alarm: string;
  model: string | null; // with its firmware; null for a site
  firmware: string | null;
  site: string | null;
  summary: string;
  severity: Severity;
  active: boolean;
  opened_ms: number;
  newest_ms: number;
  closed_ms: number | null;
  ticket: number | null;
  members: number;
  members_active: number;
}
/** A condition that holds, but not yet for as long as its rule asks. */
export interface Pending {
  alarm: string;
  part: string;
  severity: Severity;
  since_ms: number;
  for_ms: number;
  value: number | null;
}

export const TICKET_STATES = [
  'new',
  'assigned',
  'diagnosing',
  'plan_agreed',
  'parts_ordered',
  'repairing',
  'resolved',
  'confirmed',
  'closed',
  'followed_up',
] as const;
export type TicketState = (typeof TICKET_STATES)[number];
export type Source = 'alarm' | 'owner' | 'phone' | 'api';

export interface Ticket {
  id: number;
  version: number;
  device: string;
  model: string;
  state: TicketState;
  severity: Severity;
  subject: string;
  source: Source;
  assignee: string | null;
  opened_ms: number;
  updated_ms: number;
  alarm_active: boolean;
  repeats: number;
}
export interface Action {
  action: string;
  to: string;
  requires: string; // "text" or "assignee", empty when nothing
  asks: string; // what the text is to say, in English
}
/** What the product measured around an alarm, at the rate at which it came in. */
export interface Evidence {
  id: number;
  ticket: number;
  alarm: string;
  part: string;
  state: 'asked' | 'arriving' | 'complete' | 'partial' | 'failed' | 'dropped';
  why: string;
  asked_ms: number;
  raised_ms: number;
  from_ms: number;
  to_ms: number;
  first_ms: number;
  last_ms: number;
  samples: number;
  log_lines: number;
  missed: number;
  bytes: number;
  series: { metric: string; part: string }[];
}
export interface EvidenceSeries {
  metric: string;
  part: string;
  title: string;
  title_zh: string;
  unit: string;
  t: number[];
  v: number[];
}
export interface EvidenceDetail extends Omit<Evidence, 'series'> {
  device: string;
  damaged: number;
  series: EvidenceSeries[];
  logs: Omit<LogLine, 'cut'>[];
}
export interface TicketEvent {
  id: number;
  at_ms: number;
  by: string;
  kind: 'opened' | 'state' | 'assigned' | 'comment' | 'alarm' | 'session' | 'report' | 'evidence';
  from: string;
  to: string;
  text: string;
  data: Record<string, unknown> | null;
}
export interface Report {
  session: string;
  markdown: string;
  digest: string;
  at_ms: number;
}
export interface Article {
  id: string;
  title: string;
  language: string;
  body: string;
}
export interface TicketDetail extends Ticket {
  actions: Action[];
  events: TicketEvent[];
  alarms: Alarm[];
  incident: Incident | null;
  sessions: Session[];
  report: Report | null;
  articles: Article[];
}

export const CAPABILITIES = ['observe', 'diagnose', 'configure', 'files', 'forward', 'screen', 'update', 'shell'] as const;
export type SessionState = 'awaiting_approval' | 'asking' | 'code_required' | 'live' | 'ended' | 'denied' | 'failed';
export interface Session {
  id: string;
  ticket: number;
  device: string;
  engineer: string;
  reason: string;
  capabilities: string[];
  state: SessionState;
  why: string;
  text: string;
  requested_ms: number;
  started_ms: number | null;
  ended_ms: number | null;
  deadline_ms: number | null;
  consent: { method: string; by: string; at_ms: number; until_ms: number } | null;
  needs_approval: boolean;
  approved_by: string | null;
  approved_ms: number | null;
  approval_text: string;
  needs_moderator: boolean;
  emergency: boolean;
  contract: string | null;
  wants_review: boolean;
  review: { justified: boolean; by: string; at_ms: number; text: string } | null;
  frames: number;
  digest: string | null;
  countersigned: boolean;
  complete: boolean;
  recording?: Recording; // in lists of sessions and of one; not inside a ticket
}
export interface Recording {
  state: 'none' | 'running' | 'sealed' | 'unsealed' | 'missing' | 'removed';
  held_by: string | null;
  held_ms: number;
  hold_reason: string;
  removed_ms: number | null;
}
// A line of a recording that was found; the excerpt is in pieces, of which some are what was looked for.
export interface LineHit {
  id: number;
  session: string;
  device: string;
  ticket: number;
  at_ms: number;
  t_ms: number; // since the session began
  n: number;
  author: string;
  kind: string;
  excerpt: { text: string; hit: boolean }[];
}
export interface SessionReport {
  session: string;
  markdown: string;
  digest: string;
  at_ms: number;
  findings: { at_ms: number; by: string; text: string }[];
}

/** What a session of mine on a product would need. */
export interface Terms {
  emergency: boolean;
  contract: string | null;
  max_minutes: number;
  capabilities: { capability: string; may: boolean; why_not: string; approval: boolean; moderator: boolean; max_minutes: number }[];
}
export interface Kill {
  id: number;
  scope: 'all' | 'device' | 'user';
  target: string;
  reason: string;
  by: string;
  at_ms: number;
  lifted_by: string | null;
  lifted_ms: number | null;
}
export interface Access {
  awaiting_approval: number;
  unreviewed: number;
  kills: Kill[];
}
export interface Person {
  user: string;
  name: string;
  role: Role;
  disabled: boolean;
}
export interface Qualification {
  id: number;
  user: string;
  model: string; // "*": every one
  capabilities: string[];
  emergency: boolean;
  from_ms: number;
  until_ms: number;
  given_by: string;
  given_ms: number;
  valid: boolean;
  revoked_by: string | null;
}
export interface Contract {
  scope: 'device' | 'site';
  target: string;
  customer: string;
  until_ms: number;
  capabilities: string[];
  valid: boolean;
  set_by: string;
  set_ms: number;
}
export interface Verdict {
  ok: boolean;
  text: string;
  frames: number;
  countersigned: boolean;
}

export interface AuditEntry {
  id: number;
  at_ms: number;
  who: string;
  what: string;
  object: string;
  result: string;
  detail: string;
  address: string;
}
export interface Quarantined {
  id: number;
  at_ms: number;
  topic: string;
  device: string;
  reason: string;
  bytes: number;
  excerpt: string;
}

export interface RulePack {
  model: string;
  title: string;
  title_zh?: string;
  rules: { alert: string; expr: string; recover_expr: string; for_ms: number; keep_firing_ms: number; severity: Severity; ticket: boolean }[];
}
export interface RuleFile {
  path: string;
  text: string;
}
export interface Activation {
  id: number;
  version: number;
  at_ms: number;
  applied_ms: number | null; // null: refused, or under way
  how: 'start' | 'reload' | 'activate' | 'revert';
  who: string;
  report: string;
  outcome: string;
  kept: boolean; // its files are still there
}
export interface RuleTrial {
  sound: boolean;
  problems: string;
  changed: boolean;
  devices?: number;
  appear?: number;
  vanish?: number;
  stay?: number;
  report?: string;
}

// What /live sends. kind: device, alarm, ticket, session, or resync when some were missed.
export interface Notice {
  kind: string;
  id?: string;
  device?: string;
}

// New settings for many products.
export interface Job {
  id: number;
  by: string;
  model: string;
  reason: string;
  values: Record<string, ParameterValue>;
  confirm_s: number;
  settle_s: number;
  stop_after: number;
  state: 'running' | 'paused' | 'stopped' | 'cancelled' | 'done';
  created_ms: number;
  ended_ms: number | null;
  steps: Record<JobStepState, number>;
}
export type JobStepState = 'waiting' | 'running' | 'done' | 'unchanged' | 'skipped' | 'failed';
export interface JobStep {
  device: string;
  state: JobStepState;
  text: string;
  ticket: number | null;
  session: string | null;
  before: Record<string, ParameterValue> | null;
  after: Record<string, ParameterValue> | null;
  begun_ms: number;
  ended_ms: number;
}
export interface JobDetail extends Job {
  devices: JobStep[];
}
