// The same twenty rules (packs/twenty-rules) in our engine and in Prometheus, over the same number of series with as many samples in
// each window; and how long Prometheus takes to tell an alarm with the intervals that people leave as they are (15 s and 15 s).
//
// Prometheus scrapes a page of ours; its evaluations are timed by itself (prometheus_rule_group_last_duration_seconds). Ours takes a
// sample at a time and evaluates at once, so its figure holds taking the samples as well.
import { createServer } from 'node:http';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../deploy/demo/ports.mjs';
import { Process, run, waitFor } from '../../deploy/demo/process.mjs';
import { median } from './bench.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const pack = join(here, 'packs/twenty-rules');
const RULES = 20;
const DEVICES = 1000;
const WARM_S = 30; // windows of 20 s are full

const valueOf = (device, metric, second) =>
  metric >= 8 ? second * (1 + (device % 20)) : Math.round((Math.sin((second + device * 7) / (5 + metric)) * 95 + ((second * 31 + device) % 7)) * 10) / 10;

/** A page of `devices` products; `alarm` is one more metric, which the test sets. */
class Page {
  alarm = 0;

  constructor(devices) {
    this.devices = devices;
    this.server = createServer((request, response) => response.end(this.text()));
  }

  text() {
    const second = Math.floor(Date.now() / 1000);
    const lines = [`alarm ${this.alarm}`];
    for (let metric = 0; metric < 10; metric++) {
      const name = metric < 8 ? `m${metric}` : `c${metric - 8}`;
      for (let device = 0; device < this.devices; device++) lines.push(`${name}{device="p${device}"} ${valueOf(device, metric, second)}`);
    }
    return `${lines.join('\n')}\n`;
  }

  async listen() {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this.server.address().port;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

class Prometheus {
  async start(folder, { page, interval, rules }) {
    this.port = await freePort();
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, 'prometheus.yml'),
      `global: {scrape_interval: ${interval}, evaluation_interval: ${interval}}\nrule_files: ['${rules}']\n` +
        `scrape_configs:\n  - job_name: products\n    honor_labels: true\n    static_configs: [{targets: ['127.0.0.1:${page}']}]\n`,
    );
    this.process = new Process('prometheus', 'prometheus', [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${this.port}`,
    ], { log: join(folder, 'log') });
    await waitFor('Prometheus', () => fetch(`${this.url}/-/ready`).then((answer) => answer.ok, () => false), { seconds: 30, every: 100 });
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async evaluationSeconds() {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return Number(/^prometheus_rule_group_last_duration_seconds\{[^}]*\} (\S+)$/m.exec(text)?.[1] ?? NaN);
  }

  async isFiring(alert) {
    const { data } = await (await fetch(`${this.url}/api/v1/alerts`)).json();
    return data.alerts.some(({ labels, state }) => labels.alertname === alert && state === 'firing');
  }

  stop() {
    return this.process.stop(30);
  }
}

async function compareEvaluations(print, folder, rounds) {
  const page = new Page(DEVICES);
  const prometheus = await new Prometheus().start(join(folder, 'prometheus-1s'), { page: await page.listen(), interval: '1s', rules: join(pack, 'alerts.yaml') });
  const durations = [];
  try {
    await sleep(WARM_S * 1000);
    while (durations.length < 5 * rounds) {
      await sleep(1000);
      durations.push(await prometheus.evaluationSeconds());
    }
  } finally {
    await prometheus.stop();
    page.close();
  }
  const { stdout } = await run(join(here, '../../build/release/bench-rules'), [pack, String(DEVICES), String(rounds)]);
  let ours;
  for (const line of stdout.trim().split('\n')) {
    const [name, value, unit] = line.split(' ');
    print(name, value, unit);
    if (name === 'rules_evaluations_per_s') ours = Number(value);
  }
  const theirs = (RULES * DEVICES) / median(durations);
  print('prometheus_evaluations_per_s', theirs.toFixed(0), 'rules/s');
  print('rules_prometheus_ratio', (ours / theirs).toFixed(2), 'ratio');
}

async function alarmDelays(print, folder, trials) {
  const page = new Page(1);
  const rules = join(folder, 'alarm.yaml');
  await writeFile(rules, 'groups:\n  - name: g\n    rules:\n      - alert: Alarm\n        expr: alarm > 0\n');
  const prometheus = await new Prometheus().start(join(folder, 'prometheus-15s'), { page: await page.listen(), interval: '15s', rules });
  const delays = [];
  try {
    await sleep(16000);
    while (delays.length < trials) {
      await sleep(Math.random() * 15000);
      page.alarm = 1;
      const begun = performance.now();
      await waitFor('an alarm of Prometheus', () => prometheus.isFiring('Alarm'), { seconds: 60, every: 50 });
      delays.push(performance.now() - begun);
      page.alarm = 0;
      await waitFor('its end', async () => !(await prometheus.isFiring('Alarm')), { seconds: 60, every: 100 });
    }
  } finally {
    await prometheus.stop();
    page.close();
  }
  print('prometheus_alarm_delay_p50_ms', median(delays).toFixed(0), 'ms');
}

/** print(name, value, unit), say(text), bench: its folder and rounds. */
export async function prometheusFigures(print, say, { folder, rounds }) {
  say(`${DEVICES} products with 10 series each, 20 rules, 20 samples a window; ${rounds} rounds; then alarms at 15 s intervals`);
  await compareEvaluations(print, folder, rounds);
  await alarmDelays(print, folder, rounds === 1 ? 3 : 7);
}
