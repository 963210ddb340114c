// What the fake gateway tells: a small service centre in the middle of a morning. Every shape is that of
// gateway/web/openapi.yaml, and contract.test.mjs holds it to that.
const NOW = Date.now();
const minutes = (n) => NOW - Math.round(n * 60_000);

export const SESSION_LIVE = '5f0c7a52-6a51-4c5e-9d5e-0f4c6f1a0001';
export const SESSION_ENDED = '5f0c7a52-6a51-4c5e-9d5e-0f4c6f1a0002';
export const SESSION_DENIED = '5f0c7a52-6a51-4c5e-9d5e-0f4c6f1a0003';
export const SESSION_ASKING = '5f0c7a52-6a51-4c5e-9d5e-0f4c6f1a0004';

export const PEOPLE = {
  ann: { user: 'ann', name: 'Ann Miller', role: 'engineer', password: 'correct horse' },
  sun: { user: 'sun', name: '孙丽', role: 'supervisor', password: 'correct horse' },
  otto: { user: 'otto', name: 'Otto', role: 'owner', password: 'correct horse' },
  vera: { user: 'vera', name: 'Vera', role: 'auditor', password: 'correct horse' },
};

const metric = (name, title, title_zh, unit, charted = true, parts = []) => ({
  name,
  title,
  title_zh,
  unit,
  kind: 'gauge',
  charted,
  parts,
});
const FREEZER = {
  model: 'vaccine-freezer',
  model_title: 'Vaccine freezer VF-300',
  model_title_zh: '疫苗冷冻柜 VF-300',
  metrics: [
    metric('air_temperature', 'Air temperature', '柜内温度', 'Cel'),
    metric('suction_temperature', 'Suction line', '吸气管温度', 'Cel'),
    metric('compressor_power', 'Compressor power', '压缩机功率', 'W'),
    metric('compressor_duty', 'Compressor duty', '压缩机运行率', '/'),
    metric('battery_voltage', 'Alarm battery', '报警电池电压', 'V', false),
    metric('memory_used', 'Memory used', '已用内存', 'B', false),
  ],
  diagnostics: [
    { name: 'sensors', title: 'Read all sensors once', title_zh: '读取全部传感器' },
    { name: 'compressor', title: 'Start the compressor for 10 s', title_zh: '启动压缩机 10 秒' },
  ],
};
const WASHER = {
  model: 'washing-machine',
  model_title: 'Washing machine WM-8',
  model_title_zh: '洗衣机 WM-8',
  metrics: [metric('drum_vibration', 'Drum vibration', '滚筒振动', 'm/s2', true, ['front', 'rear'])],
  diagnostics: [],
};

function device(id, pack, more = {}) {
  const { model, model_title, model_title_zh, metrics, diagnostics } = pack;
  return {
    id,
    model,
    model_title,
    model_title_zh,
    serial: `S${id.length}00${id.charCodeAt(2)}`,
    firmware: '2.4.1',
    online: true,
    last_seen_ms: minutes(0.1),
    alarms: 0,
    worst: null,
    tickets_open: 0,
    troubles: [],
    agent: '1.0.0',
    capabilities: ['observe', 'diagnose', 'shell'],
    diagnostics,
    configure: pack.configure ?? null,
    metrics,
    quarantined: 0,
    clock_error_ms: 0,
    dropped: 0,
    location: { site: null, parent: null, parent_online: false, children: 0 },
    ...more,
  };
}

function alarm(id, more) {
  return {
    id,
    device: 'freezer-7',
    alarm: 'air_too_warm',
    part: '',
    severity: 'critical',
    active: true,
    unknown: false,
    acknowledged: false,
    summary: 'Air is warmer than −15 °C',
    description: 'The air in the cabinet has been above −15 °C for ten minutes.',
    value: -12.4,
    raised_ms: minutes(14),
    cleared_ms: null,
    count: 1,
    ticket: 41,
    acknowledged_by: null,
    state: 'active',
    latches: false,
    flapping: false,
    suppressed: null,
    shelved: null,
    incident: null,
    explanation: [
      { term: 'avg_over_time(air_temperature[10m])', value: -12.4375, at: minutes(14) },
      { term: 'lid_open', value: null, at: minutes(14) },
    ],
    ...more,
  };
}

function ticket(id, more) {
  return {
    id,
    version: 3,
    device: 'freezer-7',
    model: 'vaccine-freezer',
    state: 'assigned',
    severity: 'critical',
    subject: 'Air is warmer than −15 °C',
    source: 'alarm',
    assignee: 'ann',
    opened_ms: minutes(14),
    updated_ms: minutes(3),
    alarm_active: true,
    repeats: 2,
    ...more,
  };
}

function session(id, more) {
  return {
    id,
    ticket: 41,
    device: 'freezer-7',
    engineer: 'ann',
    reason: 'Look at the superheat and the compressor',
    capabilities: ['observe', 'diagnose', 'shell'],
    state: 'ended',
    why: 'ended_by_engineer',
    text: 'The engineer ended it.',
    requested_ms: minutes(60),
    started_ms: minutes(59),
    ended_ms: minutes(51),
    deadline_ms: minutes(29),
    consent: { method: 'hook', by: 'Nurse station 2', at_ms: minutes(59), until_ms: minutes(29) },
    needs_approval: false,
    approved_by: null,
    approved_ms: null,
    approval_text: '',
    needs_moderator: false,
    emergency: false,
    contract: null,
    wants_review: false,
    review: null,
    frames: 12,
    digest: 'c0ffee'.repeat(10) + 'c0ff',
    countersigned: true,
    complete: true,
    recording: { state: 'sealed', held_by: null, held_ms: 0, hold_reason: '', removed_ms: null },
    ...more,
  };
}

const OVER_NOTHING = {
  started_ms: null,
  ended_ms: minutes(70),
  deadline_ms: null,
  consent: null,
  frames: 0,
  digest: null,
  countersigned: false,
  complete: false,
  recording: { state: 'none', held_by: null, held_ms: 0, hold_reason: '', removed_ms: null },
};

export const ARTICLE = `When the **air** gets warm while the compressor runs all the time, refrigerant is missing.

1. Read the superheat: suction line minus evaporator inlet. *Above 12 K* the charge is low.
2. Look for oil at the brazed joints.
3. Refill to the plate's weight, then watch one defrost.

| reading | healthy | low charge |
|---|---|---|
| superheat | 5 to 8 K | above 12 K |
| duty | 35 to 55 % | 100 % |

\`\`\`
sensors --once
\`\`\`

See [the handbook](https://example.com/vf-300), not [this](javascript:alert(1)). <script>window.hacked = true</script> <img src=x onerror="window.hacked=true">
`;

function events() {
  const event = (id, at, by, kind, more = {}) => ({ id, at_ms: minutes(at), by, kind, from: '', to: '', text: '', data: null, ...more });
  return [
    event(1, 14, 'gateway', 'opened', { text: 'Air is warmer than −15 °C' }),
    event(2, 13, 'gateway', 'alarm', { text: 'Superheat above 12 K' }),
    event(3, 10, 'sun', 'assigned', { to: 'ann' }),
    event(4, 10, 'sun', 'state', { from: 'new', to: 'assigned' }),
    event(5, 8, 'ann', 'comment', { text: 'Called the ward: the lid was closed all night.\nNobody has defrosted it.' }),
    event(6, 5, 'ann', 'session', { text: 'The engineer ended it.', data: { session: SESSION_ENDED } }),
    event(7, 5, 'gateway', 'report', { text: 'Service report written', data: { session: SESSION_ENDED } }),
  ];
}

/** A whole gateway's content; `empty` is one that was installed a minute ago. */
export function makeData({ empty = false } = {}) {
  if (empty) return { devices: [], alarms: [], incidents: [], maintenance: [], maintenancePast: [], tickets: [], sessions: [], audit: [], quarantine: [], logs: [], evidence: [], details: new Map() };
  const devices = [
    device('freezer-7', FREEZER, { alarms: 2, worst: 'critical', tickets_open: 1, quarantined: 2, troubles: [{ kind: 'clock_off', since_ms: minutes(30) }, { kind: 'flapping', since_ms: minutes(2) }], clock_error_ms: 86_405_000 }),
    device('washer-2', WASHER, { alarms: 1, worst: 'minor', tickets_open: 1, capabilities: ['observe'] }),
    device('gateway-host', {
      ...WASHER,
      model: 'linux-gateway',
      model_title: 'Linux gateway',
      model_title_zh: 'Linux 网关',
      metrics: [],
    }),
    device('freezer-8', FREEZER, { online: false, last_seen_ms: minutes(300), capabilities: [] }),
    ...Array.from({ length: 240 }, (_, i) => device(`washer-${100 + i}`, WASHER)),
  ];
  const tickets = [
    ticket(42, {
      device: 'washer-2',
      model: 'washing-machine',
      state: 'new',
      severity: 'minor',
      subject: 'Drum bearing is wearing',
      assignee: null,
      opened_ms: minutes(6),
      updated_ms: minutes(6),
      repeats: 0,
    }),
    ticket(41, {}),
    ticket(40, {
      device: 'freezer-8',
      state: 'closed',
      severity: 'major',
      subject: 'Mains failure, ran on battery',
      source: 'owner',
      alarm_active: false,
      repeats: 0,
      opened_ms: minutes(3000),
      updated_ms: minutes(1500),
    }),
  ];
  const alarms = [
    alarm(9, {}),
    alarm(8, {
      alarm: 'low_charge',
      severity: 'major',
      summary: 'Superheat above 12 K',
      description: '',
      raised_ms: minutes(13),
      unknown: true,
    }),
    alarm(7, {
      device: 'washer-2',
      alarm: 'bearing_wear',
      part: 'rear',
      severity: 'minor',
      summary: 'Drum bearing is wearing',
      description: '',
      ticket: 42,
      acknowledged: true,
      acknowledged_by: 'sun',
      state: 'acknowledged',
      flapping: true,
      explanation: [],
      count: 3,
    }),
    alarm(6, {
      device: 'freezer-8',
      alarm: 'mains',
      severity: 'warning',
      summary: 'Running on battery',
      active: false,
      state: 'cleared',
      cleared_ms: minutes(2900),
      raised_ms: minutes(3000),
      ticket: 40,
    }),
  ];
  alarms.push(
    alarm(5, { device: 'washer-100', alarm: 'door_trip', severity: 'major', summary: 'The door lock has tripped', description: '', state: 'latched', latches: true, ticket: null, explanation: [] }),
    alarm(4, { device: 'washer-101', alarm: 'leak', severity: 'major', summary: 'Water in the sump', description: '', ticket: null, suppressed: 'shelved', shelved: { by: 'sun', reason: 'Seal is ordered', from_ms: minutes(60), until_ms: minutes(-600) }, explanation: [] }),
    alarm(3, { device: 'freezer-8', alarm: 'sensor_silent', severity: 'warning', summary: 'A sensor is silent', description: '', ticket: null, suppressed: 'parent', explanation: [] }),
    alarm(2, { device: 'washer-102', alarm: 'pump_stuck', severity: 'minor', summary: 'The pump does not start', description: '', ticket: 42, suppressed: 'fleet', incident: 3, explanation: [] }),
    alarm(1, { device: 'washer-103', alarm: 'pump_stuck', severity: 'minor', summary: 'The pump does not start', description: '', ticket: 42, active: false, state: 'cleared', cleared_ms: minutes(2), incident: 3, explanation: [] }),
  );
  const incidents = [
    { id: 3, alarm: 'pump_stuck', model: 'washing-machine', firmware: '2.4.1', site: null, summary: 'The pump does not start', severity: 'minor', active: true, opened_ms: minutes(20), newest_ms: minutes(4), closed_ms: null, ticket: 42, members: 120, members_active: 119 },
    { id: 2, alarm: 'mains', model: null, firmware: null, site: 'ward-2', summary: 'Running on battery', severity: 'major', active: false, opened_ms: minutes(4000), newest_ms: minutes(3990), closed_ms: minutes(3900), ticket: 40, members: 14, members_active: 0 },
  ];
  const maintenance = [
    { id: 1, scope: 'device', target: 'washer-102', from_ms: minutes(30), to_ms: minutes(-90), in_force: true, by: 'sun', reason: 'Pump is replaced', ended_by: null },
    { id: 2, scope: 'site', target: 'ward-2', from_ms: minutes(-1000), to_ms: minutes(-1100), in_force: false, by: 'sun', reason: 'Mains test', ended_by: null },
  ];
  const maintenancePast = [{ id: 0, scope: 'all', target: '', from_ms: minutes(9000), to_ms: minutes(8900), in_force: false, by: 'ann', reason: 'Move of the gateway', ended_by: 'sun' }];
  const sessions = [
    session(SESSION_LIVE, {
      state: 'live',
      why: '',
      text: '',
      requested_ms: minutes(6),
      started_ms: minutes(5),
      ended_ms: null,
      deadline_ms: NOW + 25 * 60_000,
      frames: 0,
      digest: null,
      countersigned: false,
      complete: false,
      recording: { state: 'running', held_by: null, held_ms: 0, hold_reason: '', removed_ms: null },
    }),
    session(SESSION_ENDED, {}),
    session(SESSION_DENIED, {
      ...OVER_NOTHING,
      state: 'denied',
      why: 'timed_out',
      text: 'Nobody answered on the product in time; no answer is a no.',
      requested_ms: minutes(72),
    }),
  ];
  const report = {
    session: SESSION_ENDED,
    markdown: '# Service report\n\n- Engineer: ann\n- Consent: Nurse station 2\n\n## Findings\n\nSuperheat 15 K, charge low.\n',
    digest: 'c0ffee'.repeat(10) + 'c0ff',
    at_ms: minutes(5),
  };
  const articles = [
    { id: 'low-charge', title: 'Loses refrigerant', language: 'en', body: ARTICLE },
    {
      id: 'low-charge-zh',
      title: '制冷剂不足',
      language: 'zh',
      body: '压缩机一直运行而柜内变暖时，说明**制冷剂不足**。\n\n1. 读取过热度。\n',
    },
  ];
  const details = new Map(
    tickets.map((t) => [t.id, { events: events(), report: t.id === 41 ? report : null, articles: t.id === 41 ? articles : [] }]),
  );
  const audit = Array.from({ length: 450 }, (_, i) => ({
    id: 450 - i,
    at_ms: minutes(i),
    who: i % 3 ? 'ann' : 'gateway',
    what: i % 3 ? 'ticket.read' : 'login',
    object: i % 3 ? 'ticket 41' : 'user ann',
    result: i % 7 ? 'ok' : 'denied',
    detail: '',
    address: '192.0.2.7',
  }));
  const quarantine = [
    {
      id: 2,
      at_ms: minutes(2),
      topic: 'fl/1/3a/freezer-7/up/tele',
      device: 'freezer-7',
      reason: 'record 3: unit "K" where the pack says "Cel"',
      bytes: 212,
      excerpt: '[{"bn":"air_temperature","u":"K","v":<b>255</b>}]',
    },
    {
      id: 1,
      at_ms: minutes(20),
      topic: 'fl/1/ff/nobody/up/tele',
      device: '',
      reason: 'unknown device "nobody"',
      bytes: 70_000,
      excerpt: '\ufffd\ufffd',
    },
  ];
  const logs = Array.from({ length: 450 }, (_, i) => ({
    t: minutes(i / 4),
    severity: [6, 6, 4, 6, 3, 7][i % 6],
    app: i % 2 ? 'control' : 'kernel',
    text: i % 6 === 4 ? `sensor 3: read failed (${i})` : `defrost step ${i} <done>`,
    cut: i === 3,
  }));
  const raised = minutes(30);
  const count = 3_600;
  const times = Array.from({ length: count }, (_, i) => raised - 300_000 + i * 100);
  const recorded = (metric, title, title_zh, unit, value) => ({ metric, part: '', title, title_zh, unit, t: times, v: times.map((_, i) => value(i)) });
  const evidence = [
    {
      id: 7,
      ticket: 41,
      alarm: 'FreezerWarming',
      part: '',
      state: 'complete',
      why: '',
      asked_ms: raised + 200,
      raised_ms: raised,
      from_ms: raised - 300_000,
      to_ms: raised + 60_000,
      first_ms: times[0],
      last_ms: times.at(-1),
      samples: 2 * count,
      log_lines: 1,
      missed: 0,
      bytes: 24_480,
      device: 'freezer-7',
      damaged: 0,
      series: [
        recorded('air_temperature', 'Air temperature', '柜内温度', 'Cel', (i) => -31 + i / 300),
        recorded('compressor_power', 'Compressor power', '压缩机功率', 'W', (i) => (i % 600 < 400 ? 240 : 8)),
      ],
      logs: [{ t: raised - 1_000, severity: 4, app: 'control', text: 'suction pressure low' }],
    },
    {
      id: 6,
      ticket: 41,
      alarm: 'E17',
      part: '',
      state: 'failed',
      why: 'the product did not answer in time',
      asked_ms: raised - 9e6,
      raised_ms: raised - 9e6,
      from_ms: raised - 9.3e6,
      to_ms: raised - 8.94e6,
      first_ms: 0,
      last_ms: 0,
      samples: 0,
      log_lines: 0,
      missed: 0,
      bytes: 0,
      device: 'freezer-7',
      damaged: 0,
      series: [],
      logs: [],
    },
  ];
  return { devices, alarms, incidents, maintenance, maintenancePast, tickets, sessions, audit, quarantine, logs, evidence, details };
}

/** A series with a shape, and with a hole in its middle. */
export function makeHistory(name, part, from_ms, to_ms, points, unit) {
  const step_ms = Math.max(1, Math.round((to_ms - from_ms) / points));
  const columns = { t: [], min: [], mean: [], max: [] };
  for (let i = 0; i < points; i++) {
    if (i > points * 0.6 && i < points * 0.66) continue;
    const wave = Math.sin(i / 17) + (part === 'rear' ? 2 : 0);
    const middle =
      unit === '/' ? 0.45 + wave / 10 : unit === 'B' ? 5e8 + wave * 1e7 : -20 + wave * 2 + (i > points * 0.8 ? (i - points * 0.8) / 12 : 0);
    const spread = Math.abs(middle) * 0.02;
    columns.t.push(from_ms + i * step_ms);
    columns.min.push(middle - spread);
    columns.mean.push(middle);
    columns.max.push(middle + spread);
  }
  return { metric: name, part, unit, step_ms, damaged: to_ms - from_ms > 300 * 86_400_000 ? 2 : 0, ...columns };
}

/** The recording of SESSION_ENDED: asciicast and transcript that belong to each other. */
export function makeRecording(id) {
  const cast = [JSON.stringify({ version: 2, width: 80, height: 24, timestamp: Math.round(minutes(59) / 1000), title: 'freezer-7' })];
  const lines = [
    JSON.stringify({
      transcript: 'fieldline.transcript.1',
      session: id,
      device: 'freezer-7',
      ticket: 41,
      engineer: 'ann',
      subject: 'Air is warmer than −15 °C',
      capabilities: ['observe', 'diagnose', 'shell'],
      started_ms: minutes(59),
    }),
  ];
  let n = 0;
  const line = (dir, t_ms, ch, by, more) => lines.push(JSON.stringify({ n: ++n, dir, t_ms, ch, by, ...more }));
  const control = (dir, t_ms, by, data, more = {}) => line(dir, t_ms, 0, by, { ...more, len: JSON.stringify(data).length, data });
  const typed = (dir, t_ms, text) => {
    cast.push(JSON.stringify([t_ms / 1000, dir === 'up' ? 'o' : 'i', text]));
    line(dir, t_ms, 1, dir === 'up' ? 'freezer-7' : 'ann', { cast: cast.length, len: Buffer.byteLength(text) });
  };
  control('up', 0, 'freezer-7', { jsonrpc: '2.0', method: 'session.hello', params: { session: id, agent: '1.0.0' } });
  control('down', 900, 'ann', { jsonrpc: '2.0', method: 'terminal.open', params: { cols: 80, rows: 24, by: 'ann' } }, { cast: 1 });
  typed('up', 1_000, '\x1b[1;32mroot@freezer-7\x1b[0m:~# ');
  for (const [i, key] of [...'sensors --once'].entries()) {
    typed('down', 3_000 + i * 90, key);
    typed('up', 3_010 + i * 90, key);
  }
  typed('down', 5_000, '\r');
  typed('up', 5_050, '\r\nair -12.4 C  \x1b[38;2;255;120;40msuperheat 15 K\x1b[0m\r\n# ');
  line('down', 40_000, 2, 'ann', { len: 24, leaf: 'ab'.repeat(32) });
  control('down', 60_000, 'ann', { jsonrpc: '2.0', id: 1, method: 'diagnose.run', params: { name: 'sensors', by: 'ann' } });
  control('up', 61_000, 'freezer-7', {
    jsonrpc: '2.0',
    id: 1,
    result: { exit: 0, output: 'air -12.4\n', truncated: false, took_ms: 810 },
  });
  control('gate', 62_000, '', { jsonrpc: '2.0', method: 'session.state', params: { state: 'ending', reason: 'ended_by_engineer' } });
  control('up', 63_000, 'freezer-7', {
    jsonrpc: '2.0',
    method: 'session.ended',
    params: { reason: 'ended_by_engineer', children_left: 0 },
  });
  return { cast: `${cast.join('\n')}\n`, transcript: `${lines.join('\n')}\n`, frames: n };
}
