// The engineer's part, played through the public API as a program: HTTPS, JSON, one WebSocket. Every step is checked against
// what the gateway says afterwards; a step that cannot be shown to have happened has failed. The story:
//
//   the freezer's early warning opens a ticket by itself -> it is assigned -> a first session is refused by the owner -> a
//   second one is allowed -> diagnostics, live values, shell, repair -> end -> sealed record, report in the ticket -> the
//   record verifies, a copy with one changed byte does not -> the ticket goes on to resolved -> the alarm clears.
//   On the way, the washing machine's owner reads a code from its display, once passed on wrongly and once rightly.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConsoleSession } from './console_session.mjs';
import { run, waitFor } from './process.mjs';
import { FREEZER, WASHER } from './products.mjs';

const WARNING = 'RefrigerantLoss';

class Story {
  steps = [];
  notes = [];

  constructor(stack, deadline) {
    this.stack = stack;
    this.deadline = deadline;
    this.begun = performance.now();
  }

  get secondsLeft() {
    return Math.max(0.5, (this.deadline - performance.now()) / 1000);
  }

  /** What was seen, but is not part of the path. */
  note(name, text) {
    this.notes.push({ name, text });
  }

  until(what, condition, options = {}) {
    return waitFor(what, condition, { seconds: this.secondsLeft, every: 150, ...options });
  }

  /** One step: what it returns is the evidence that is printed. */
  async step(name, body) {
    try {
      const evidence = await body();
      this.steps.push({ name, ok: true, evidence });
      const at = ((performance.now() - this.begun) / 1000).toFixed(1).padStart(5);
      console.log(`  ${at} s  ${name}: ${evidence}`);
    } catch (error) {
      this.steps.push({ name, ok: false, evidence: error.message });
      throw error;
    }
  }
}

/** Until a session is in one of these states. */
const waitState = (story, client, id, states) => story.until(`session ${id} to be ${states}`, async () => {
  const session = await client.get(`/sessions/${id}`);
  return states.includes(session.state) && session;
});

async function findTicket(story, support) {
  let ticket;
  await story.step('a ticket opened by itself', async () => {
    const alarm = await story.until(`the early warning ${WARNING}`, async () => (await support.get(`/alarms?device=${FREEZER}&active=true`)).items.find((one) => one.alarm === WARNING && one.ticket));
    ticket = await support.get(`/tickets/${alarm.ticket}`);
    if (ticket.source !== 'alarm') throw new Error(`ticket ${ticket.id} came from ${ticket.source}`);
    return `ticket ${ticket.id} "${ticket.subject}" (${alarm.severity}, ${alarm.description})`;
  });
  return ticket;
}

async function refuse(story, engineer, ticket) {
  await story.step('the owner refused, and there was no session', async () => {
    const asked = await engineer.post(`/tickets/${ticket.id}/sessions`, { capabilities: ['shell'], minutes: 10, reason: 'have a look' });
    const session = await waitState(story, engineer, asked.id, ['denied', 'live', 'failed']);
    if (session.state !== 'denied' || session.why !== 'refused') throw new Error(`it is ${session.state} (${session.why})`);
    return `"${session.text}"`;
  });
}

async function repair(story, session) {
  const service = story.stack.place.path(FREEZER, 'service');
  await story.step('diagnostics ran', async () => {
    const sheet = await session.call('diagnose.run', { name: 'leak-check' });
    if (sheet.exit !== 0 || !/charge is low/.test(sheet.output)) throw new Error(`leak-check said ${JSON.stringify(sheet)}`);
    await session.call('diagnose.run', { name: 'sensors' });
    return sheet.output.trim().split('\n').pop();
  });
  await story.step('live values were seen', async () => {
    session.notify('observe.start');
    await story.until('a live temperature', () => session.of('observe.sample').some(({ values }) => 'suction_temperature' in values));
    session.notify('observe.stop');
    return `${session.of('observe.sample').length} messages`;
  });
  await story.step('the shell mended it', async () => {
    session.notify('terminal.open', { cols: 100, rows: 30, term: 'xterm-256color' });
    await session.command(`cd ${service} && ls`, /sensors\.txt/);
    await session.command('cat leak-check.txt', /charge is low/);
    await session.command("echo recharge > service.txt; sleep 0.5; tail -n 1 controller.log", /refused, pressure does not hold/);
    await session.command("echo seal-leak > service.txt; sleep 0.5; grep service: controller.log | tail -n 1", /sealed, pressure holds/);
    await session.command("echo recharge > service.txt; sleep 0.5; grep service: controller.log | tail -n 1", /recharged with R290/);
    return 'leak sealed, recharged';
  });
}

async function holdSession(story, engineer, ticket) {
  let id;
  await story.step('the owner allowed a session', async () => {
    const asked = await engineer.post(`/tickets/${ticket.id}/sessions`, {
      capabilities: ['observe', 'diagnose', 'shell'], minutes: 15, reason: 'superheat is high: find the leak and recharge',
    });
    id = asked.id;
    const live = await waitState(story, engineer, id, ['live', 'denied', 'failed']);
    if (live.state !== 'live') throw new Error(`it is ${live.state}: ${live.text}`);
    return `${live.consent.by} by ${live.consent.method}, ${live.capabilities.join(', ')}`;
  });
  const session = await ConsoleSession.join(engineer, id);
  await repair(story, session);
  await story.step('the session ended and left nothing running', async () => {
    await engineer.post(`/sessions/${id}/end`, { reason: 'done' });
    const over = await waitState(story, engineer, id, ['ended']);
    const ended = session.of('session.ended').pop();
    if (ended && ended.children_left !== 0) throw new Error(`${ended.children_left} processes were left`);
    if (!over.countersigned || !over.complete) throw new Error(`countersigned ${over.countersigned}, complete ${over.complete}`);
    return `${over.frames} frames, sealed by the gateway, countersigned by the product`;
  });
  return id;
}

async function checkRecord(story, engineer, ticket, id) {
  const { gateway, place } = story.stack;
  const cast = `${gateway.dataDir}/transcripts/${id}.cast`;
  await story.step('a service report is in the ticket', async () => {
    const { report } = await story.until('the report', async () => {
      const detail = await engineer.get(`/tickets/${ticket.id}`);
      return detail.report?.session === id && detail;
    });
    const { digest } = await engineer.get(`/sessions/${id}`);
    if (report.digest !== digest || !report.markdown.includes(digest)) throw new Error('its digest is not the record\'s');
    return `${report.markdown.length} characters, digest ${digest.slice(0, 16)}...`;
  });
  await story.step('the record verifies', async () => {
    const verdict = await gateway.verify(cast);
    if (!verdict.ok) throw new Error(verdict.text);
    return verdict.text.replace(`${cast}: `, '');
  });
  await story.step('a copy with one byte changed does not', async () => {
    const folder = await place.makeFolder('tampered');
    await mkdir(folder, { recursive: true });
    for (const name of [`${id}.seal`, 'seal.pub', 'ca.crt']) await copyFile(`${gateway.dataDir}/transcripts/${name}`, `${folder}/${name}`);
    for (const ending of ['cast', 'jsonl']) await writeFile(`${folder}/${id}.${ending}`, await gateway.recording(id, ending));
    const copy = `${folder}/${basename(cast)}`;
    if (!(await gateway.verify(copy)).ok) throw new Error('the unchanged copy does not verify');
    const bytes = await readFile(copy);
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(copy, bytes);
    const verdict = await gateway.verify(copy);
    if (verdict.ok) throw new Error('the change was not found');
    return verdict.text.replace(`${copy}: `, '');
  });
  const isThere = await run('sh', ['-c', 'command -v asciinema'], { allowFailure: true });
  if (isThere.code !== 0) {
    story.note('the record plays', 'not tried, asciinema is not installed');
    return;
  }
  await story.step('the record plays', async () => {
    await writeFile(place.path('played.cast'), await gateway.recording(id, 'cast'));
    // It wants a terminal: script gives it one.
    const played = await run('script', ['-qec', `asciinema cat '${place.path('played.cast')}'`, '/dev/null'], { allowFailure: true, env: { LC_ALL: 'C.UTF-8' } });
    if (played.code !== 0 || !/recharged with R290/.test(played.stdout)) throw new Error(`asciinema cat: ${played.stdout.slice(-400)}`);
    return `asciinema cat, ${played.stdout.length} characters`;
  });
}

/** What the freezer's own recorder had, beside what came as telemetry. */
async function checkEvidence(story, engineer, ticket) {
  await story.step('what the product recorded around the alarm is in the ticket', async () => {
    const row = await story.until('the evidence', async () => (await engineer.get(`/tickets/${ticket.id}/evidence`)).items.find(({ state }) => !['asked', 'arriving'].includes(state)));
    if (row.state !== 'complete' || row.first_ms >= row.raised_ms) throw new Error(`it is ${row.state} (${row.why})`);
    const { series } = await engineer.get(`/evidence/${row.id}`);
    const air = series.find(({ metric }) => metric === 'air_temperature').t.length;
    const { t } = await engineer.get(`/devices/${FREEZER}/history?metric=air_temperature&from_ms=${row.first_ms}&to_ms=${row.last_ms}&points=4000`);
    if (air < 2 * t.length) throw new Error(`${air} values of the air's temperature, ${t.length} of them in telemetry`);
    const seconds = (row.last_ms - row.first_ms) / 1000;
    return `${seconds.toFixed(0)} s, ${series.length} metrics, ${row.samples} samples; ${(air / t.length).toFixed(1)} times as many as telemetry`;
  });
}

async function resolveTicket(story, engineer, ticket) {
  await story.step('the ticket was worked on to resolved', async () => {
    const act = (action, text) => engineer.post(`/tickets/${ticket.id}/actions`, { action, ...(text && { text }) });
    await act('agree_plan', 'Seal the leak at the filter drier, recharge with R290.');
    await act('repair');
    const { state } = await act('resolve', 'Leak sealed, recharged to the nominal charge. Superheat is watched.');
    if (state !== 'resolved') throw new Error(`it is ${state}`);
    return 'assigned, diagnosing, plan agreed, repairing, resolved';
  });
}

/** The other way to consent: a code that the owner reads out; a wrong one first. */
async function passOnCode(story, support, engineer) {
  const washer = story.stack.products.get(WASHER);
  await story.step('the washing machine\'s owner read out a code', async () => {
    const ticket = await support.post('/tickets', { device: WASHER, subject: 'Loud in the spin', text: 'The owner called.', severity: 'minor', source: 'phone' });
    await support.post(`/tickets/${ticket.id}/actions`, { action: 'assign', assignee: 'engineer' });
    const asked = await engineer.post(`/tickets/${ticket.id}/sessions`, { capabilities: ['observe', 'diagnose'], minutes: 5, reason: 'read the vibration sheet' });
    await waitState(story, engineer, asked.id, ['code_required']);
    const code = await washer.code();
    await engineer.post(`/sessions/${asked.id}/consent`, { code: code === '00000000' ? '11111111' : '00000000' });
    await sleep(500);
    const { state } = await engineer.get(`/sessions/${asked.id}`);
    if (state === 'live') throw new Error('a wrong code was taken');
    await engineer.post(`/sessions/${asked.id}/consent`, { code });
    const live = await waitState(story, engineer, asked.id, ['live', 'denied', 'failed']);
    if (live.state !== 'live') throw new Error(`it is ${live.state}: ${live.text}`);
    const session = await ConsoleSession.join(engineer, asked.id);
    const sheet = await session.call('diagnose.run', { name: 'vibration' });
    await engineer.post(`/sessions/${asked.id}/end`, {});
    await waitState(story, engineer, asked.id, ['ended']);
    return `a wrong one was refused, the right one taken; the sheet has ${sheet.output.trim().split('\n').length} lines`;
  });
}

/** Mended means that the alarm clears by itself. It takes its time, so it is only waited for while there is time. */
async function watchAlarm(story, support) {
  let alarm;
  const look = async () => {
    alarm = (await support.get(`/alarms?device=${FREEZER}`)).items.find((one) => one.alarm === WARNING);
    return alarm?.active === false;
  };
  const seconds = story.secondsLeft - 4;
  const isClear = seconds > 0 && (await waitFor('the alarm to clear', look, { seconds, every: 500 }).catch(() => false));
  return isClear ? 'yes, by itself' : 'not yet (it is held for a while after the values are good)';
}

async function summary(story, support) {
  const { stack } = story;
  const all = (path) => support.get(path).then(({ items }) => items);
  const [alarms, tickets, sessions] = await Promise.all([all('/alarms?limit=500'), all('/tickets?limit=500'), all('/sessions?limit=500')]);
  const reports = await Promise.all(tickets.map(({ id }) => support.get(`/tickets/${id}`)));
  return {
    'products online': (await all('/devices')).filter(({ online }) => online).length,
    'messages received': await stack.gateway.figure('messages_total'),
    'samples stored': await stack.gateway.figure('samples_total'),
    'log lines stored': await stack.gateway.figure('log_lines_total'),
    'messages in quarantine': await stack.gateway.figure('quarantined_total'),
    'alarms raised': alarms.length,
    'tickets': tickets.length,
    'sessions held': sessions.filter(({ state }) => state === 'ended').length,
    'sessions refused': sessions.filter(({ state }) => state === 'denied').length,
    'service reports': reports.filter(({ report }) => report).length,
  };
}

function printSummary(story, counts) {
  const isWhole = counts !== undefined && story.steps.every(({ ok }) => ok);
  console.log('\nWhat happened');
  for (const { name, ok, evidence } of story.steps) console.log(`  ${ok ? 'yes' : 'NO '}  ${name}${ok ? '' : `: ${evidence}`}`);
  for (const { name, text } of story.notes) console.log(`  ---  ${name}: ${text}`);
  console.log('\nCounted');
  for (const [name, value] of Object.entries(counts ?? {})) console.log(`  ${name.padEnd(24)} ${value}`);
  console.log(`\n${isWhole ? 'The whole path worked' : 'The path did NOT work'}, ${((performance.now() - story.begun) / 1000).toFixed(0)} s.`);
  return isWhole;
}

/** true when every step happened before the deadline. */
export async function drive(stack, logins, { deadline }) {
  const story = new Story(stack, deadline);
  let counts;
  try {
    await stack.products.get(FREEZER).answers(['deny', 'allow'], 2);
    const support = await stack.gateway.login('support', logins.support);
    const engineer = await stack.gateway.login('engineer', logins.engineer);
    await story.step('every product reports', async () => {
      const ids = [...stack.products.keys()];
      await story.until('three products online', async () => (await support.get('/devices')).items.filter(({ id, online }) => online && ids.includes(id)).length === ids.length);
      return ids.join(', ');
    });
    const ticket = await findTicket(story, support);
    await story.step('it was assigned', async () => {
      await support.post(`/tickets/${ticket.id}/actions`, { action: 'assign', assignee: 'engineer' });
      const { state, assignee } = await engineer.post(`/tickets/${ticket.id}/actions`, { action: 'diagnose' });
      return `${assignee}, ${state}`;
    });
    await refuse(story, engineer, ticket);
    const id = await holdSession(story, engineer, ticket);
    await checkRecord(story, engineer, ticket, id);
    await checkEvidence(story, engineer, ticket);
    await resolveTicket(story, engineer, ticket);
    await passOnCode(story, support, engineer);
    story.note('the alarm cleared', await watchAlarm(story, support));
    counts = await summary(story, support);
  } catch (error) {
    console.error(`\ndemo: ${error.message}`);
  }
  return printSummary(story, counts);
}
