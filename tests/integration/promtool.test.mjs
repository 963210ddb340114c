// The same rule files and the same series through promtool and through `rules test`, unchanged: what a rule author knows of
// Prometheus holds here. Each case is right in both, and each of its expectations, made wrong, is wrong in both.
//
// promtool 2.42 has closed ranges, Prometheus 3 and we have left-open ones, so nothing here lies on the edge of a range: samples
// come every 15 s from 0 on, expressions are asked 7 s after one. Known differences are listed in rules/README.md.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const MODE = process.env.FIELDLINE_MODE ?? 'release';
const GATEWAY = `build/${MODE}/fieldline-gateway`;
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const skip = hasPromtool ? false : 'promtool is not installed (Debian package prometheus)';
const folder = await mkdtemp(join(tmpdir(), 'fl-promtool-'));
after(() => rm(folder, { recursive: true, force: true }));

const SERIES = [
  ['gauge', '5+1x7 9-0.5x20 2 3 7 1 8 2.5 -4+1x12'],
  ['count_total', '0+7x12 3+5x15 100+2x20'],
  ['v{part="front"}', '1+0.25x40'],
  ['v{part="rear"}', '20-0.25x40'],
  ['w{part="front"}', '3x40'],
  ['w{part="rear"}', '4x40'],
  ['one', '2x40'],
  ['holes', '1 2 _ _ 5 6 _x3 10 11 _ 13x24'],
];

// Expression and what it is 8m7s after the begin.
const VALUES = [
  ['avg_over_time(gauge[3m])', '{} 1.5833333333333335'],
  ['sum_over_time(gauge[3m])', '{} 19'],
  ['min_over_time(gauge[3m])', '{} -1'],
  ['max_over_time(gauge[3m])', '{} 7'],
  ['count_over_time(gauge[3m])', '{} 12'],
  ['stddev_over_time(gauge[3m])', '{} 1.998263134713633'],
  ['stdvar_over_time(gauge[3m])', '{} 3.9930555555555554'],
  ['last_over_time(gauge[3m])', 'gauge{} 1'],
  ['present_over_time(gauge[3m])', '{} 1'],
  ['avg_over_time(holes[4m])', '{} 13'],
  ['min_over_time(holes[4m])', '{} 13'],
  ['max_over_time(holes[4m])', '{} 13'],
  ['count_over_time(holes[4m])', '{} 16'],
  ['changes(gauge[3m])', '{} 11'],
  ['delta(gauge[3m])', '{} -1.6363636363636362'],
  ['deriv(gauge[3m])', '{} 0.00909090909090909'],
  ['rate(count_total[5m])', '{} 0.3614035087719298'],
  ['increase(count_total[5m])', '{} 108.42105263157895'],
  ['predict_linear(gauge[3m], 600)', '{} 7.851515151515152'],
  ['irate(count_total[5m])', '{} 0.13333333333333333'],
  ['idelta(gauge[3m])', '{} -6'],
  ['resets(count_total[5m])', '{} 0'],
  ['quantile_over_time(0.9, gauge[3m])', '{} 2.95'],
  ['quantile_over_time(0.25, holes[4m])', '{} 13'],
  ['holt_winters(gauge[3m], 0.3, 0.6)', '{} 3.6722304'],
  ['absent(gauge)'],
  ['absent(gauge > 1000)', '{} 1'],
  ['absent_over_time(gauge[3m])'],
  ['abs(gauge / 3)', '{} 0.3333333333333333'],
  ['ceil(gauge / 3)', '{} 1'],
  ['floor(gauge / 3)', '{} 0'],
  ['sqrt(gauge / 3)', '{} 0.5773502691896257'],
  ['exp(gauge / 3)', '{} 1.3956124250860895'],
  ['ln(gauge / 3)', '{} -1.0986122886681098'],
  ['log2(gauge / 3)', '{} -1.5849625007211563'],
  ['log10(gauge / 3)', '{} -0.4771212547196625'],
  ['sgn(gauge / 3)', '{} 1'],
  ['sin(gauge / 3)', '{} 0.3271946967961522'],
  ['cos(gauge / 3)', '{} 0.9449569463147376'],
  ['tan(gauge / 3)', '{} 0.34625354951057546'],
  ['atan(gauge / 3)', '{} 0.3217505543966422'],
  ['sinh(gauge / 3)', '{} 0.3395405572561502'],
  ['cosh(gauge / 3)', '{} 1.0560718678299394'],
  ['tanh(gauge / 3)', '{} 0.32151273753163434'],
  ['asinh(gauge / 3)', '{} 0.32745015023725843'],
  ['deg(gauge / 3)', '{} 19.098593171027442'],
  ['rad(gauge / 3)', '{} 0.005817764173314431'],
  ['acos(gauge / 100)', '{} 1.5607961601207294'],
  ['asin(gauge / 100)', '{} 0.010000166674167112'],
  ['atanh(gauge / 100)', '{} 0.010000333353334763'],
  ['acosh(clamp_min(gauge, 2))', '{} 1.3169578969248166'],
  ['round(gauge / 3)', '{} 0'],
  ['round(gauge / 3, 0.5)', '{} 0.5'],
  ['round(-2.5 + gauge * 0)', '{} -2'],
  ['clamp(gauge, 1, 2)', '{} 1'],
  ['clamp_min(gauge, 3)', '{} 3'],
  ['clamp_max(gauge, 3)', '{} 1'],
  ['gauge + 1', '{} 2'],
  ['gauge - one', '{} -1'],
  ['gauge * 2', '{} 2'],
  ['gauge / one', '{} 0.5'],
  ['gauge % 2', '{} 1'],
  ['gauge ^ 2', '{} 1'],
  ['-gauge ^ 2', '{} -1'],
  ['gauge atan2 one', 'gauge{} 0.4636476090008061'],
  ['2 ^ 3 ^ 2 * one', '{} 1024'],
  ['gauge > 1'],
  ['gauge > 1000'],
  ['gauge > bool 1', '{} 0'],
  ['gauge > bool 1000', '{} 0'],
  ['1 < bool gauge', '{} 0'],
  ['gauge == gauge', 'gauge{} 1'],
  ['gauge != bool gauge', '{} 0'],
  ['gauge and one', 'gauge{} 1'],
  ['gauge and one > 5'],
  ['gauge or one', 'gauge{} 1'],
  ['gauge > 1000 or one', 'one{} 2'],
  ['gauge unless one'],
  ['gauge unless one > 5', 'gauge{} 1'],
  ['v', 'v{part="front"} 9', 'v{part="rear"} 12'],
  ['v{part="front"}', 'v{part="front"} 9'],
  ['v{part!="front"}', 'v{part="rear"} 12'],
  ['v{part=~"re.*"}', 'v{part="rear"} 12'],
  ['v{part!~"re.*"}', 'v{part="front"} 9'],
  ['v + w', '{part="front"} 12', '{part="rear"} 16'],
  ['v - on(part) w', '{part="front"} 6', '{part="rear"} 8'],
  ['v * ignoring(part) group_left one', '{part="front"} 18', '{part="rear"} 24'],
  ['v > on() group_left one', 'v{part="front"} 9', 'v{part="rear"} 12'],
  ['v / on() group_left() one', '{part="front"} 4.5', '{part="rear"} 6'],
  ['v and w > 3', 'v{part="rear"} 12'],
  ['sum(v)', '{} 21'],
  ['avg(v)', '{} 10.5'],
  ['min(v)', '{} 9'],
  ['max(v)', '{} 12'],
  ['count(v)', '{} 2'],
  ['stddev(v)', '{} 1.5'],
  ['stdvar(v)', '{} 2.25'],
  ['group(v)', '{} 1'],
  ['quantile(0.5, v)', '{} 10.5'],
  ['sum by (part) (v)', '{part="front"} 9', '{part="rear"} 12'],
  ['sum without (part) (v)', '{} 21'],
  ['topk(1, v)', 'v{part="rear"} 12'],
  ['bottomk(1, v)', 'v{part="front"} 9'],
  ['count(v > 10)', '{} 1'],
  ['max(v) - min(v)', '{} 3'],
  ['max_over_time(rate(count_total[130s])[5m:15s])', '{} 0.475'],
  ['avg_over_time(gauge[5m:1m])', '{} 1.8'],
  ['max_over_time((gauge * 2)[4m:30s])', '{} 8'],
  ['min_over_time(avg_over_time(gauge[65s])[4m:15s])', '{} 0'],
  ['gauge offset 2m', 'gauge{} 1'],
  ['avg_over_time(gauge[2m] offset 3m)', '{} 4.75'],
  ['gauge - gauge offset 1m', '{} 2'],
  ['time() - 1 + 0 * one', '{} 486'],
  ['timestamp(gauge)', '{} 480'],
  ['minute()', '{} 8'],
  ['hour(gauge * 10000)', '{} 2'],
  ['day_of_week(gauge * 100000)', '{} 5'],
  ['day_of_month(gauge*1000000)', '{} 12'],
  ['day_of_year(gauge*1000000)', '{} 12'],
  ['days_in_month(gauge*1000000)', '{} 31'],
  ['month(gauge*10000000)', '{} 4'],
  ['year(gauge*100000000)', '{} 1973'],
  ['vector(3) + one', '{} 5'],
  ['scalar(one) * v', '{part="front"} 18', '{part="rear"} 24'],
  ['sum_over_time(gauge[3m]) / count_over_time(gauge[3m])', '{} 1.5833333333333333'],
  ['avg(v) > 3 and on() max(w) < 5', '{} 10.5'],
  ['sum(v > 5) or vector(0)', '{} 21'],
];

const RULES = { groups: [{ name: 'test', interval: '15s', rules: [
  { record: 'load_mean', expr: 'avg_over_time(load[65s])' },
  { alert: 'LoadHigh', expr: 'load > 10', for: '1m', labels: { severity: 'major' }, annotations: { summary: 'load is {{ $value }}', description: 'of {{ $labels.device }}: {{ printf "%.2f" $value }}, {{ $value | humanize }}' } },
  { alert: 'LoadHighNow', expr: 'load > 10', labels: { severity: 'warning', team: 'pumps' } },
  { alert: 'MeanHigh', expr: 'load_mean > 10', labels: { severity: 'minor' }, annotations: { summary: '{{ $value | humanizePercentage }}' } },
  { alert: 'KeepsOn', expr: 'load > 10', keep_firing_for: '2m', labels: { severity: 'major' } },
  { alert: 'PartHot', expr: 'heat > 80', for: '30s', labels: { severity: 'critical' }, annotations: { summary: '{{ $labels.part }} is hot' } },
  { alert: 'AnyPartHot', expr: 'max by (device) (heat) > 80', labels: { severity: 'major' } },
  { alert: 'HotAndLoaded', expr: 'heat > 80 and on (device) load > 10', labels: { severity: 'major' } },
  { alert: 'Growing', expr: 'rate(turns_total[127s]) > 2', labels: { severity: 'minor' } },
  { alert: 'Quiet', expr: 'absent(never)', for: '2m', labels: { severity: 'major' } },
] }] };
const both = (device) => ({ load: `load{device="${device}"}`, front: `heat{part="front",device="${device}"}`, rear: `heat{part="rear",device="${device}"}`, turns: `turns_total{device="${device}"}` });
const one = both('gw-1');
const two = both('gw-2');
// name of the alert, when, and the labels and annotations of those that fire
const ALERTS = [
  ['LoadHigh', '1m'], ['LoadHigh', '3m30s', [{ device: 'gw-1' }, { summary: 'load is 12.5', description: 'of gw-1: 12.50, 12.5' }]],
  ['LoadHigh', '6m'], ['LoadHighNow', '2m15s', [{ device: 'gw-1' }]], ['LoadHighNow', '5m30s'],
  ['KeepsOn', '2m30s', [{ device: 'gw-1' }]], ['KeepsOn', '5m45s', [{ device: 'gw-1' }]], ['KeepsOn', '7m30s'],
  ['MeanHigh', '3m30s', [{ device: 'gw-1' }, { summary: '1250%' }]], ['MeanHigh', '1m'],
  ['PartHot', '1m', [{ device: 'gw-2', part: 'rear' }, { summary: 'rear is hot' }]], ['PartHot', '15s'],
  ['PartHot', '6m', [{ device: 'gw-1', part: 'front' }, { summary: 'front is hot' }], [{ device: 'gw-2', part: 'rear' }, { summary: 'rear is hot' }]],
  ['AnyPartHot', '1m', [{ device: 'gw-2' }]], ['AnyPartHot', '6m', [{ device: 'gw-1' }], [{ device: 'gw-2' }]],
  ['HotAndLoaded', '3m'], ['Growing', '5m', [{ device: 'gw-2' }]],
];
const QUIET = [['Quiet', '1m'], ['Quiet', '3m', [{}]]];

const PRESSURE = [
  [one.load, '3x8 12.5x11 4x20'], [one.front, '20x19 95x30'], [one.rear, '20x50'],
  [two.load, '5x50'], [two.front, '20x50'], [two.rear, '90x50'], [one.turns, '0+15x50'], [two.turns, '0+60x50'],
];

const labelsOf = (alert) => RULES.groups[0].rules.find((rule) => rule.alert === alert).labels;
const annotationsOf = (alert) => RULES.groups[0].rules.find((rule) => rule.alert === alert).annotations;
const alertTest = ([alertname, eval_time, ...fired]) => ({ alertname, eval_time, exp_alerts: fired.map(([labels, annotations]) => ({
  exp_labels: { ...labelsOf(alertname), ...labels }, ...(annotationsOf(alertname) && { exp_annotations: annotations }) })) });
const valueTest = ([expr, ...samples]) => ({ expr, eval_time: '8m7s', exp_samples: samples.map((text) => {
  const at = text.lastIndexOf(' ');
  return { labels: text.slice(0, at), value: Number(text.slice(at + 1)) };
}) });
const series = (rows) => rows.map(([name, values]) => ({ series: name, values }));

/** Exit status of both for one test; JSON is YAML. */
async function verdicts(body) {
  const file = join(folder, 'tests.yaml');
  await writeFile(join(folder, 'alerts.yaml'), JSON.stringify(RULES));
  await writeFile(file, JSON.stringify({ rule_files: ['alerts.yaml'], evaluation_interval: '15s', tests: [{ interval: '15s', ...body }] }));
  const run = (program, ...words) => spawnSync(program, [...words, file], { encoding: 'utf8' });
  const promtool = run('promtool', 'test', 'rules');
  const ours = run(GATEWAY, 'rules', 'test');
  return { promtool: promtool.status, ours: ours.status, text: `${promtool.stdout}${promtool.stderr}${ours.stdout}${ours.stderr}` };
}
async function agree(what, body, status) {
  const is = await verdicts(body);
  assert.deepEqual([is.promtool, is.ours], [status, status], `${what}: ${is.text}`);
}

test('promtool and rules test agree on what expressions are', { skip }, async () => {
  assert.ok(VALUES.length > 100);
  await agree('all of them', { input_series: series(SERIES), promql_expr_test: VALUES.map(valueTest) }, 0);
});

test('and on each value that is expected wrongly', { skip }, async () => {
  for (const row of VALUES) {
    const right = valueTest(row);
    const wrong = right.exp_samples.length > 0 ? right.exp_samples.map((s, i) => (i === 0 ? { ...s, value: s.value + 1 } : s)) : [{ labels: '{}', value: 1 }];
    await agree(row[0], { input_series: series(SERIES), promql_expr_test: [{ ...right, exp_samples: wrong }] }, 1);
  }
});

test('on which alerts fire when, with which labels and texts', { skip }, async () => {
  await agree('all of them', { input_series: series(PRESSURE), alert_rule_test: ALERTS.map(alertTest), external_labels: { site: 'here' } }, 0);
  await agree('an absence', { input_series: series([['load', '1x40']]), alert_rule_test: QUIET.map(alertTest) }, 0);
});

test('and on each alert that is expected wrongly', { skip }, async () => {
  for (const row of ALERTS) {
    const right = alertTest(row);
    const [first] = right.exp_alerts;
    const wrong = first
      ? [[], [...right.exp_alerts.slice(1)], right.exp_alerts.map((a, i) => (i === 0 ? { ...a, exp_labels: { ...a.exp_labels, device: 'gw-9' } } : a)),
        ...(first.exp_annotations ? [right.exp_alerts.map((a, i) => (i === 0 ? { ...a, exp_annotations: { ...a.exp_annotations, summary: 'else' } } : a))] : [])]
      : [[{ exp_labels: { ...labelsOf(row[0]), device: 'gw-1' } }]];
    for (const exp_alerts of wrong) await agree(`${row[0]} at ${row[1]}`, { input_series: series(PRESSURE), alert_rule_test: [{ ...right, exp_alerts }] }, 1);
  }
});
