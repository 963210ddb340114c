/* The schema, as the migrations that made it. A migration that was released is never edited: write the next one.
 *
 * Shapes that need a reason:
 *   journal   no index: one on (device, id) made an insert five times as dear (97,000 instead of 484,000 rows/s). A
 * device's rows are a chain instead: each row knows the one before it, presence.journal_head the newest presence,
 * position, coverage   what every batch updates, kept apart from what is wide, so that a page holds hundreds tally
 * counts for the first page; triggers keep them, so nothing counts a table that grows
 *   *_text    FTS5 without content; tokens of device and state in `tags` let one index answer "these words, of that
 *             device, newest first" without looking at other devices' lines */
#include "store/migrate.h"

static const char first_schema[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE counter(name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE tally(name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO tally VALUES('devices',0),('online',0),('tickets_open',0),('sessions_live',0),('quarantined',0),"
    " ('alarms_1',0),('alarms_2',0),('alarms_3',0),('alarms_4',0);"

    "CREATE TABLE user(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, role INTEGER NOT NULL,"
    " password TEXT NOT NULL, is_disabled INTEGER NOT NULL, created_ms INTEGER NOT NULL);"
    "CREATE TABLE login(token BLOB PRIMARY KEY, user INTEGER NOT NULL REFERENCES user(id), created_ms INTEGER NOT NULL,"
    " seen_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, address TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX login_of_user ON login(user);"
    "CREATE INDEX login_expires ON login(expires_ms);"
    "CREATE INDEX login_seen ON login(seen_ms);"

    "CREATE TABLE device(id INTEGER PRIMARY KEY, device TEXT NOT NULL UNIQUE, model TEXT NOT NULL, serial TEXT NOT "
    "NULL,"
    " firmware TEXT NOT NULL, agent TEXT NOT NULL, boot TEXT NOT NULL, capabilities INTEGER NOT NULL,"
    " diagnostics TEXT NOT NULL, born_ms INTEGER NOT NULL, created_ms INTEGER NOT NULL);"
    "CREATE TRIGGER device_counted AFTER INSERT ON device BEGIN"
    " UPDATE tally SET n = n + 1 WHERE name = 'devices'; END;"
    "CREATE VIRTUAL TABLE device_text USING fts5(device, serial, model, content='device', content_rowid='id',"
    " tokenize='trigram');"
    "CREATE TRIGGER device_text_add AFTER INSERT ON device BEGIN"
    " INSERT INTO device_text(rowid, device, serial, model) VALUES(NEW.id, NEW.device, NEW.serial, NEW.model); END;"
    "CREATE TRIGGER device_text_change AFTER UPDATE OF serial, model ON device"
    " WHEN OLD.serial <> NEW.serial OR OLD.model <> NEW.model BEGIN"
    " INSERT INTO device_text(device_text, rowid, device, serial, model)"
    "  VALUES('delete', OLD.id, OLD.device, OLD.serial, OLD.model);"
    " INSERT INTO device_text(rowid, device, serial, model) VALUES(NEW.id, NEW.device, NEW.serial, NEW.model); END;"
    "CREATE TABLE presence(device INTEGER PRIMARY KEY, is_online INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL,"
    " journal_head INTEGER NOT NULL);"
    "CREATE TABLE stream(id INTEGER PRIMARY KEY, device INTEGER NOT NULL REFERENCES device(id), stream TEXT NOT NULL,"
    " is_urgent INTEGER NOT NULL, UNIQUE(device, stream));"
    "CREATE TABLE position(stream INTEGER PRIMARY KEY, seq INTEGER NOT NULL, used_ms INTEGER NOT NULL);"
    "CREATE TABLE series(id INTEGER PRIMARY KEY, device INTEGER NOT NULL REFERENCES device(id), metric TEXT NOT NULL,"
    " part TEXT NOT NULL, UNIQUE(device, metric, part));"
    "CREATE TABLE coverage(series INTEGER PRIMARY KEY, journal INTEGER NOT NULL);"

    "CREATE TABLE journal(id INTEGER PRIMARY KEY, device INTEGER NOT NULL, prev INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " recv_ms INTEGER NOT NULL, first_ago_ms INTEGER NOT NULL, span_ms INTEGER NOT NULL, payload BLOB NOT NULL);"
    "CREATE TABLE chunk(id INTEGER PRIMARY KEY, series INTEGER NOT NULL, start_ms INTEGER NOT NULL,"
    " end_ms INTEGER NOT NULL, count INTEGER NOT NULL, min REAL NOT NULL, max REAL NOT NULL, sum REAL NOT NULL,"
    " bytes BLOB NOT NULL);"
    "CREATE INDEX chunk_at ON chunk(series, start_ms);"

    "CREATE TABLE log(id INTEGER PRIMARY KEY, device INTEGER NOT NULL REFERENCES device(id), event_ms INTEGER NOT NULL,"
    " recv_ms INTEGER NOT NULL, severity INTEGER NOT NULL, facility INTEGER NOT NULL, is_cut INTEGER NOT NULL,"
    " app TEXT NOT NULL, line TEXT NOT NULL);"
    "CREATE INDEX log_at ON log(device, event_ms);"
    "CREATE INDEX log_errors ON log(device, event_ms) WHERE severity <= 3;"
    "CREATE INDEX log_warnings ON log(device, event_ms) WHERE severity <= 4;"
    "CREATE VIRTUAL TABLE log_text USING fts5(tags, body, content='', tokenize='unicode61 remove_diacritics 2');"
    "CREATE TABLE event(id INTEGER PRIMARY KEY, device INTEGER NOT NULL REFERENCES device(id), event_ms INTEGER NOT "
    "NULL,"
    " recv_ms INTEGER NOT NULL, kind INTEGER NOT NULL, code TEXT NOT NULL, is_active INTEGER NOT NULL,"
    " severity INTEGER NOT NULL, line TEXT NOT NULL, gap_count INTEGER NOT NULL, gap_first_ms INTEGER NOT NULL,"
    " gap_last_ms INTEGER NOT NULL);"
    "CREATE INDEX event_at ON event(device, event_ms);"
    "CREATE TABLE quarantine(id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, device TEXT NOT NULL, topic TEXT NOT NULL,"
    " reason TEXT NOT NULL, bytes INTEGER NOT NULL, excerpt TEXT NOT NULL);"
    "CREATE INDEX quarantine_of ON quarantine(device, id);"
    "CREATE TABLE quarantine_count(device TEXT PRIMARY KEY, total INTEGER NOT NULL, kept INTEGER NOT NULL) WITHOUT "
    "ROWID;"

    "CREATE TABLE ticket(id INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL,"
    " device INTEGER NOT NULL REFERENCES device(id), state INTEGER NOT NULL, is_open INTEGER NOT NULL,"
    " severity INTEGER NOT NULL, source INTEGER NOT NULL, subject TEXT NOT NULL, assignee TEXT NOT NULL,"
    " opened_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, resolved_ms INTEGER NOT NULL, alarm TEXT NOT NULL,"
    " part TEXT NOT NULL, alarms_active INTEGER NOT NULL, repeats INTEGER NOT NULL, is_touched INTEGER NOT NULL,"
    " is_self_healed INTEGER NOT NULL);"
    "CREATE INDEX ticket_of_device ON ticket(device);"
    "CREATE INDEX ticket_state ON ticket(state);"
    "CREATE INDEX ticket_open ON ticket(id) WHERE is_open = 1;"
    "CREATE INDEX ticket_current ON ticket(device) WHERE is_open = 1 OR alarms_active > 0;"
    "CREATE INDEX ticket_resolved ON ticket(device, resolved_ms) WHERE resolved_ms > 0;"
    "CREATE TRIGGER ticket_counted AFTER INSERT ON ticket WHEN NEW.is_open = 1 BEGIN"
    " UPDATE tally SET n = n + 1 WHERE name = 'tickets_open'; END;"
    "CREATE TRIGGER ticket_recounted AFTER UPDATE OF is_open ON ticket WHEN OLD.is_open <> NEW.is_open BEGIN"
    " UPDATE tally SET n = n + NEW.is_open - OLD.is_open WHERE name = 'tickets_open'; END;"
    "CREATE TABLE ticket_event(id INTEGER PRIMARY KEY, ticket INTEGER NOT NULL REFERENCES ticket(id),"
    " at_ms INTEGER NOT NULL, kind INTEGER NOT NULL, who TEXT NOT NULL, was TEXT NOT NULL, becomes TEXT NOT NULL,"
    " line TEXT NOT NULL, data TEXT NOT NULL);"
    "CREATE INDEX ticket_event_of ON ticket_event(ticket);"
    "CREATE VIRTUAL TABLE ticket_text USING fts5(tags, body, content='', tokenize='unicode61 remove_diacritics 2');"

    "CREATE TABLE alarm(id INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER NOT NULL REFERENCES device(id),"
    " alarm TEXT NOT NULL, part TEXT NOT NULL, severity INTEGER NOT NULL, is_active INTEGER NOT NULL,"
    " is_unknown INTEGER NOT NULL, is_acknowledged INTEGER NOT NULL, acknowledged_by TEXT NOT NULL,"
    " acknowledged_ms INTEGER NOT NULL, is_fault_code INTEGER NOT NULL, opens_ticket INTEGER NOT NULL,"
    " summary TEXT NOT NULL, description TEXT NOT NULL, value REAL, first_raised_ms INTEGER NOT NULL,"
    " raised_ms INTEGER NOT NULL, cleared_ms INTEGER NOT NULL, count INTEGER NOT NULL, flap_count INTEGER NOT NULL,"
    " is_flapping INTEGER NOT NULL, ticket INTEGER REFERENCES ticket(id));"
    "CREATE UNIQUE INDEX alarm_one ON alarm(device, alarm, part) WHERE is_active = 1;"
    "CREATE INDEX alarm_key ON alarm(device, alarm, part);"
    "CREATE INDEX alarm_list ON alarm(is_active, raised_ms);"
    "CREATE INDEX alarm_of_device ON alarm(device, is_active, raised_ms);"
    "CREATE INDEX alarm_of_ticket ON alarm(ticket, is_active, raised_ms) WHERE ticket IS NOT NULL;"
    "CREATE INDEX alarm_cleared ON alarm(cleared_ms) WHERE is_active = 0;"
    "CREATE TRIGGER alarm_counted AFTER INSERT ON alarm WHEN NEW.is_active = 1 BEGIN"
    " UPDATE tally SET n = n + 1 WHERE name = 'alarms_' || NEW.severity; END;"
    "CREATE TRIGGER alarm_recounted AFTER UPDATE OF is_active, severity ON alarm"
    " WHEN OLD.is_active <> NEW.is_active OR OLD.severity <> NEW.severity BEGIN"
    " UPDATE tally SET n = n - OLD.is_active WHERE name = 'alarms_' || OLD.severity;"
    " UPDATE tally SET n = n + NEW.is_active WHERE name = 'alarms_' || NEW.severity; END;"

    "CREATE TABLE session(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, ticket INTEGER NOT NULL REFERENCES "
    "ticket(id),"
    " device INTEGER NOT NULL REFERENCES device(id), engineer TEXT NOT NULL, reason TEXT NOT NULL,"
    " capabilities INTEGER NOT NULL, state INTEGER NOT NULL, is_running INTEGER NOT NULL, is_live INTEGER NOT NULL,"
    " why TEXT NOT NULL, line TEXT NOT NULL, requested_ms INTEGER NOT NULL, started_ms INTEGER, ended_ms INTEGER,"
    " deadline_ms INTEGER, consent_method TEXT, consent_by TEXT, consent_ms INTEGER, consent_until_ms INTEGER,"
    " frames INTEGER NOT NULL, digest TEXT NOT NULL, is_countersigned INTEGER NOT NULL, is_complete INTEGER NOT NULL,"
    " is_reported INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX session_of_device ON session(device);"
    "CREATE INDEX session_of_ticket ON session(ticket);"
    "CREATE INDEX session_running ON session(number) WHERE is_running = 1;"
    "CREATE INDEX session_unreported ON session(number) WHERE is_running = 0 AND is_reported = 0 AND started_ms > 0;"
    "CREATE TRIGGER session_counted AFTER INSERT ON session WHEN NEW.is_live = 1 BEGIN"
    " UPDATE tally SET n = n + 1 WHERE name = 'sessions_live'; END;"
    "CREATE TRIGGER session_recounted AFTER UPDATE OF is_live ON session WHEN OLD.is_live <> NEW.is_live BEGIN"
    " UPDATE tally SET n = n + NEW.is_live - OLD.is_live WHERE name = 'sessions_live'; END;"
    "CREATE TABLE report(id INTEGER PRIMARY KEY, session TEXT NOT NULL UNIQUE, ticket INTEGER NOT NULL REFERENCES "
    "ticket(id),"
    " markdown TEXT NOT NULL, digest TEXT NOT NULL, at_ms INTEGER NOT NULL);"
    "CREATE INDEX report_of ON report(ticket, at_ms);"

    "CREATE TABLE outbox(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, device INTEGER NOT NULL REFERENCES "
    "device(id),"
    " verb TEXT NOT NULL, about TEXT NOT NULL, args TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT "
    "NULL,"
    " next_ms INTEGER NOT NULL, tries INTEGER NOT NULL);"
    "CREATE INDEX outbox_next ON outbox(next_ms);"
    "CREATE INDEX outbox_of ON outbox(device);"

    "CREATE TABLE audit(id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,"
    " object TEXT NOT NULL, result TEXT NOT NULL, detail TEXT NOT NULL, address TEXT NOT NULL, hash BLOB NOT NULL);";

/* How devices behave (normalize/conduct.h): the clock of the newest boot and of the one before, and since when there is
 * trouble of each kind (0: none). No row: nothing is known. Written when something begins or ends. */
static const char conduct_schema[] =
    "CREATE TABLE conduct(device INTEGER PRIMARY KEY, boot TEXT NOT NULL, zero_ms INTEGER NOT NULL,"
    " mono_ms INTEGER NOT NULL, error_ms INTEGER NOT NULL, bias_ms INTEGER NOT NULL, before_boot TEXT NOT NULL,"
    " before_zero_ms INTEGER NOT NULL, before_mono_ms INTEGER NOT NULL, before_error_ms INTEGER NOT NULL,"
    " before_bias_ms INTEGER NOT NULL, clock_since_ms INTEGER NOT NULL, shared_since_ms INTEGER NOT NULL,"
    " flapping_since_ms INTEGER NOT NULL, flooding_since_ms INTEGER NOT NULL, dropped INTEGER NOT NULL);";

static const char rule_state_schema[] =
    "CREATE TABLE rule_state(device INTEGER PRIMARY KEY, journal INTEGER NOT NULL, state BLOB NOT NULL);";
/* tier, tier_due: see tier_builder.h for their keys. What is there already becomes due in steps, from the chunk with
 * the id in 'tier_backfill' downwards. */
static const char tiers_schema[] =
    "CREATE TABLE tier(id INTEGER PRIMARY KEY, is_final INTEGER NOT NULL, bytes BLOB NOT NULL);"
    "CREATE TABLE tier_due(id INTEGER PRIMARY KEY);"
    "INSERT INTO meta(key, value) SELECT 'tier_backfill', coalesce(max(id), 0) FROM chunk;";

/* Silence: why an active alarm opens no ticket (rules/silence.h); incidents, and who is a member. `alarm_quiet` and
 * `alarm_flapping` are what a turn looks at for what is over. */
static const char alarm_life_schema[] =
    "CREATE TABLE incident(id INTEGER PRIMARY KEY AUTOINCREMENT, alarm TEXT NOT NULL, model TEXT NOT NULL,"
    " firmware TEXT NOT NULL, site TEXT NOT NULL, summary TEXT NOT NULL, severity INTEGER NOT NULL,"
    " is_active INTEGER NOT NULL, opened_ms INTEGER NOT NULL, newest_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL,"
    " ticket INTEGER REFERENCES ticket(id), members INTEGER NOT NULL, active INTEGER NOT NULL);"
    "CREATE INDEX incident_open ON incident(alarm) WHERE is_active = 1;"
    "CREATE INDEX incident_list ON incident(is_active, id);"
    "CREATE INDEX incident_of_ticket ON incident(ticket);"
    "ALTER TABLE alarm ADD COLUMN latches INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN isolates INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN is_latched INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN gone_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN explanation TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE alarm ADD COLUMN taken_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN incident INTEGER REFERENCES incident(id);"
    "ALTER TABLE alarm ADD COLUMN is_in_ticket INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN silence INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE alarm ADD COLUMN surface_ms INTEGER NOT NULL DEFAULT 0;"
    "UPDATE alarm SET is_in_ticket = 1 WHERE is_active = 1 AND ticket IS NOT NULL;"
    "CREATE INDEX alarm_quiet ON alarm(id) WHERE is_active = 1 AND silence BETWEEN 1 AND 6;"
    "CREATE INDEX alarm_flapping ON alarm(id) WHERE is_flapping = 1;"
    "CREATE INDEX alarm_isolating ON alarm(device) WHERE is_active = 1 AND isolates = 1;"
    "CREATE INDEX alarm_taken ON alarm(taken_ms) WHERE is_active = 1;"
    "CREATE INDEX alarm_latched ON alarm(raised_ms) WHERE is_latched = 1;"
    "CREATE INDEX alarm_silent ON alarm(raised_ms) WHERE is_active = 1 AND silence > 0;"
    "CREATE INDEX alarm_of_incident ON alarm(incident) WHERE incident IS NOT NULL;"
    "CREATE TABLE shelf(id INTEGER PRIMARY KEY, device INTEGER NOT NULL REFERENCES device(id), alarm TEXT NOT NULL,"
    " part TEXT NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,"
    " UNIQUE(device, alarm, part));"
    "CREATE INDEX shelf_until ON shelf(until_ms);"
    "CREATE TABLE maintenance(id INTEGER PRIMARY KEY AUTOINCREMENT, scope INTEGER NOT NULL, target TEXT NOT NULL,"
    " from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL, ended_by TEXT NOT NULL);"
    "CREATE INDEX maintenance_to ON maintenance(to_ms);"
    "CREATE TABLE location(device INTEGER PRIMARY KEY REFERENCES device(id), parent INTEGER REFERENCES device(id),"
    " site TEXT NOT NULL);"
    "CREATE INDEX location_parent ON location(parent) WHERE parent IS NOT NULL;"
    "CREATE INDEX location_site ON location(site) WHERE site <> '';"
    "CREATE INDEX device_kind ON device(model, firmware);";

/* Which rows of log and event the stored rule states have seen: all up to these. Device 0: every state has; what is
 * after it may be missing in some. */
static const char rule_logs_schema[] =
    "CREATE TABLE rule_logs(device INTEGER PRIMARY KEY, log INTEGER NOT NULL, event INTEGER NOT NULL);"
    "INSERT INTO rule_logs(device, log, event) SELECT 0, (SELECT coalesce(max(id), 0) FROM log),"
    " (SELECT coalesce(max(id), 0) FROM event);";

/* What products measured around alarms (store/evidence.h); what all parts take is a tally. */
static const char evidence_schema[] =
    "ALTER TABLE device ADD COLUMN evidence_bytes INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE evidence(id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE,"
    " device INTEGER NOT NULL REFERENCES device(id), ticket INTEGER NOT NULL REFERENCES ticket(id),"
    " alarm INTEGER NOT NULL REFERENCES alarm(id), state INTEGER NOT NULL DEFAULT 0, is_open INTEGER NOT NULL DEFAULT "
    "1,"
    " why TEXT NOT NULL DEFAULT '', asked_ms INTEGER NOT NULL, raised_ms INTEGER NOT NULL, from_ms INTEGER NOT NULL,"
    " to_ms INTEGER NOT NULL, first_ms INTEGER NOT NULL DEFAULT 0, last_ms INTEGER NOT NULL DEFAULT 0,"
    " samples INTEGER NOT NULL DEFAULT 0, logs INTEGER NOT NULL DEFAULT 0, series INTEGER NOT NULL DEFAULT 0,"
    " parts INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, missed INTEGER NOT NULL DEFAULT 0,"
    " next INTEGER NOT NULL DEFAULT 0, recorder TEXT NOT NULL DEFAULT '', names TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX evidence_of_device ON evidence(device, asked_ms);"
    "CREATE INDEX evidence_of_ticket ON evidence(ticket);"
    "CREATE INDEX evidence_kept ON evidence(id) WHERE bytes > 0 AND is_open = 0;"
    "CREATE TABLE evidence_part(id INTEGER PRIMARY KEY, evidence INTEGER NOT NULL REFERENCES evidence(id),"
    " part INTEGER NOT NULL, shift_ms INTEGER NOT NULL, crc INTEGER NOT NULL, bytes BLOB NOT NULL,"
    " UNIQUE(evidence, part));"
    "INSERT INTO tally VALUES('evidence_bytes', 0);"
    "CREATE TRIGGER evidence_counted AFTER UPDATE OF bytes ON evidence WHEN OLD.bytes <> NEW.bytes BEGIN"
    " UPDATE tally SET n = n + NEW.bytes - OLD.bytes WHERE name = 'evidence_bytes'; END;";

/* What was in the rules folder, whole; and which version was activated when. The newest activation is what runs; a
 * version may be forgotten, that it ran is not. */
static const char versions_schema[] =
    "CREATE TABLE rule_version(id INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE,"
    " made_ms INTEGER NOT NULL, content BLOB NOT NULL);"
    "CREATE TABLE rule_activation(id INTEGER PRIMARY KEY, version INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " applied_ms INTEGER NOT NULL, how INTEGER NOT NULL, who TEXT NOT NULL, report TEXT NOT NULL,"
    " outcome TEXT NOT NULL);";

/* Who may have a session (sessions/grant.h): what people are qualified for, whose contract covers what, kill switches;
 * and what a session's row says of its approval, its emergency and the review of that. */
static const char access_schema[] =
    "ALTER TABLE user ADD COLUMN made_by TEXT NOT NULL DEFAULT '';"
    "CREATE TABLE qualification(id INTEGER PRIMARY KEY AUTOINCREMENT, who TEXT NOT NULL, model TEXT NOT NULL,"
    " capabilities INTEGER NOT NULL, may_break_glass INTEGER NOT NULL, from_ms INTEGER NOT NULL,"
    " until_ms INTEGER NOT NULL, given_by TEXT NOT NULL, given_ms INTEGER NOT NULL, is_revoked INTEGER NOT NULL,"
    " revoked_by TEXT NOT NULL, revoked_ms INTEGER NOT NULL);"
    "CREATE INDEX qualification_who ON qualification(who, is_revoked, id DESC);"
    "CREATE INDEX qualification_list ON qualification(is_revoked, id DESC);"
    "CREATE INDEX qualification_used ON qualification(id) WHERE capabilities <> 0;"
    "CREATE TABLE contract(scope INTEGER NOT NULL, target TEXT NOT NULL, customer TEXT NOT NULL,"
    " until_ms INTEGER NOT NULL, capabilities INTEGER NOT NULL, set_by TEXT NOT NULL, set_ms INTEGER NOT NULL,"
    " PRIMARY KEY(scope, target)) WITHOUT ROWID;"
    "CREATE TABLE kill(id INTEGER PRIMARY KEY AUTOINCREMENT, scope INTEGER NOT NULL, target TEXT NOT NULL,"
    " reason TEXT NOT NULL, who TEXT NOT NULL, at_ms INTEGER NOT NULL, is_lifted INTEGER NOT NULL,"
    " lifted_by TEXT NOT NULL, lifted_ms INTEGER NOT NULL);"
    "CREATE INDEX kill_on ON kill(is_lifted, id);"
    "ALTER TABLE session ADD COLUMN role INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN duration_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN needs_approval INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN needs_moderator INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN is_emergency INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN approver TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE session ADD COLUMN approval_line TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE session ADD COLUMN approved_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN customer TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE session ADD COLUMN due_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN review_by TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE session ADD COLUMN review_justified INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE session ADD COLUMN review_line TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE session ADD COLUMN review_ms INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX session_unreviewed ON session(number) WHERE is_emergency = 1 AND review_by = '' AND started_ms > 0;";
/* What serves the owner's page (store/owners.h): a copy of what products say, and statements on their way. */
static const char owner_schema[] =
    "CREATE TABLE owner_key(device INTEGER NOT NULL REFERENCES device(id), key TEXT NOT NULL, point TEXT NOT NULL,"
    " name TEXT NOT NULL, PRIMARY KEY(device, key)) WITHOUT ROWID;"
    "CREATE TABLE owner_state(device INTEGER PRIMARY KEY REFERENCES device(id), state TEXT NOT NULL,"
    " at_ms INTEGER NOT NULL);"
    "CREATE TABLE owner_question(session TEXT PRIMARY KEY, device INTEGER NOT NULL REFERENCES device(id),"
    " question TEXT NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX owner_question_device ON owner_question(device);"
    "CREATE TABLE owner_letter(id TEXT PRIMARY KEY, device INTEGER NOT NULL REFERENCES device(id),"
    " at_ms INTEGER NOT NULL, session TEXT NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL,"
    " outcome TEXT NOT NULL DEFAULT '', line TEXT NOT NULL DEFAULT '') WITHOUT ROWID;"
    "CREATE INDEX owner_letter_at ON owner_letter(at_ms);"
    "CREATE INDEX owner_letter_device ON owner_letter(device);";
/* Recordings beside their sessions' rows: store/recordings.h. is_kept: held, or removed already. */
static const char recording_schema[] =
    "CREATE TABLE recording(session TEXT PRIMARY KEY, ended_ms INTEGER, held_by TEXT NOT NULL DEFAULT '',"
    " hold_reason TEXT NOT NULL DEFAULT '', held_ms INTEGER NOT NULL DEFAULT 0, removed_ms INTEGER NOT NULL DEFAULT 0,"
    " is_kept INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX recording_old ON recording(is_kept, ended_ms);"
    "INSERT INTO recording(session, ended_ms) SELECT id, coalesce(ended_ms, requested_ms) FROM session"
    " WHERE is_running = 0;"
    "CREATE TRIGGER session_over AFTER UPDATE OF is_running ON session WHEN OLD.is_running = 1 AND NEW.is_running = 0"
    " BEGIN INSERT INTO recording(session, ended_ms) VALUES(NEW.id, coalesce(NEW.ended_ms, NEW.requested_ms))"
    " ON CONFLICT(session) DO UPDATE SET ended_ms = excluded.ended_ms; END;";
/* Parameters of many devices (store/jobs.h). */
static const char jobs_schema[] =
    "CREATE TABLE job(id INTEGER PRIMARY KEY AUTOINCREMENT, who TEXT NOT NULL, model TEXT NOT NULL, reason TEXT NOT "
    "NULL,"
    " new_values TEXT NOT NULL, confirm_s INTEGER NOT NULL, settle_s INTEGER NOT NULL, stop_after INTEGER NOT NULL,"
    " state INTEGER NOT NULL, created_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL);"
    "CREATE INDEX job_running ON job(state) WHERE state = 0;"
    "CREATE TABLE job_step(id INTEGER PRIMARY KEY AUTOINCREMENT, job INTEGER NOT NULL REFERENCES job(id),"
    " device TEXT NOT NULL, ticket INTEGER NOT NULL, session TEXT NOT NULL, state INTEGER NOT NULL, line TEXT NOT NULL,"
    " before TEXT NOT NULL, after TEXT NOT NULL, begun_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL);"
    "CREATE INDEX job_step_of ON job_step(job, state);"
    "CREATE INDEX job_step_running ON job_step(state) WHERE state = 1;"
    "CREATE INDEX job_step_session ON job_step(session) WHERE session <> '';";
/* Lines of recorded sessions (store/session_lines.h) with their index, sessions of which they are missing, and what
 * people added to service reports. */
static const char session_lines_schema[] =
    "CREATE TABLE session_line(id INTEGER PRIMARY KEY AUTOINCREMENT, session INTEGER NOT NULL,"
    " device INTEGER NOT NULL, at_ms INTEGER NOT NULL, t_ms INTEGER NOT NULL, n INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, who TEXT NOT NULL, line TEXT NOT NULL);"
    "CREATE INDEX session_line_of ON session_line(session, id);"
    "CREATE VIRTUAL TABLE session_text USING fts5(tags, body, content='', tokenize='unicode61 remove_diacritics 2');"
    "CREATE TABLE session_unread(session INTEGER PRIMARY KEY);"
    "INSERT INTO session_unread(session) SELECT number FROM session WHERE is_running = 0 AND started_ms > 0;"
    "CREATE TRIGGER session_to_read AFTER UPDATE OF is_running ON session WHEN OLD.is_running = 1 AND"
    " NEW.is_running = 0 AND NEW.started_ms > 0 BEGIN"
    " INSERT OR IGNORE INTO session_unread(session) VALUES(NEW.number); END;"
    "CREATE TABLE session_finding(id INTEGER PRIMARY KEY, session TEXT NOT NULL, at_ms INTEGER NOT NULL,"
    " who TEXT NOT NULL, line TEXT NOT NULL);"
    "CREATE INDEX session_finding_of ON session_finding(session);";
/* A removed recording: its lines are to be forgotten (store/session_lines.h), and nobody reads it again. */
static const char forget_schema[] =
    "CREATE TABLE session_forget(session INTEGER PRIMARY KEY);"
    "INSERT INTO session_forget(session) SELECT s.number FROM recording r JOIN session s ON s.id = r.session"
    " WHERE r.removed_ms <> 0;"
    "CREATE TRIGGER recording_removed AFTER UPDATE OF removed_ms ON recording WHEN NEW.removed_ms <> 0 BEGIN"
    " INSERT OR IGNORE INTO session_forget(session) SELECT number FROM session WHERE id = NEW.session;"
    " DELETE FROM session_unread WHERE session = (SELECT number FROM session WHERE id = NEW.session); END;";
/* Enrolments are counted apart from what owners sign (store/owners.h). */
static const char owner_signed_schema[] = "ALTER TABLE owner_letter ADD COLUMN is_signed INTEGER NOT NULL DEFAULT 0;";

const struct migration migrations[] = {
    {1, "first schema", first_schema},
    {2, "down-sampled tiers of history", tiers_schema},
    {3, "conduct of devices", conduct_schema},
    {4, "state of rules", rule_state_schema},
    {5, "life of alarms", alarm_life_schema},
    {6, "evidence of alarms", evidence_schema},
    {7, "versions of the rules", versions_schema},
    {8, "log lines and events that rules have seen", rule_logs_schema},
    {9, "who may have a session", access_schema},
    {10, "recordings that are held or were removed", recording_schema},
    {11, "lines of recorded sessions, findings", session_lines_schema},
    {12, "owners' keys, questions and letters", owner_schema},
    {13, "parameters of many devices", jobs_schema},
    {15, "lines of removed recordings", forget_schema},
    {16, "which letters of the owner's page are signed", owner_signed_schema},
};
const int migration_count = sizeof migrations / sizeof migrations[0];
