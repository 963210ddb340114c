// Prometheus' text format (0.0.4), read strictly: what `promtool check metrics` refuses is refused here too, so that the check
// is there where promtool is not.
const NAME = /^[a-z_:][a-z0-9_:]*$/;
const NOT_BASE = /_(ms|us|ns|milliseconds|microseconds|minutes|hours|kb|mb|kib|mib|percent)(_|$)/;

/** name -> {type, help, samples: [{name, labels, value}]}; throws with the line that is wrong. */
export function parseExposition(text) {
  const families = new Map();
  const seen = new Set();
  let current;
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  text.slice(0, -1).split('\n').forEach((line, index) => {
    const fail = (why) => { throw new Error(`line ${index + 1}: ${why}: ${line}`); };
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment) {
      const [, what, name, rest] = comment;
      if (!NAME.test(name)) fail('bad name');
      if (what === 'HELP') {
        if (families.has(name)) fail('family twice');
        current = { name, help: rest, samples: [] };
        families.set(name, current);
      } else {
        if (current?.name !== name || current.type || current.samples.length > 0) fail('TYPE stands after HELP and before values');
        if (!['counter', 'gauge', 'histogram'].includes(rest)) fail('unknown type');
        current.type = rest;
      }
      return;
    }
    const sample = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/.exec(line);
    if (!sample) fail('neither comment nor value');
    const [, name, inner = '', number] = sample;
    const isPart = current?.type === 'histogram' && new RegExp(`^${current.name}_(bucket|sum|count)$`).test(name);
    if (!current?.type || (name !== current.name && !isPart)) fail('not of the family above');
    if (current.type === 'histogram' && !isPart) fail('a histogram has _bucket, _sum and _count');
    const labels = readLabels(inner, fail);
    const key = `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
    if (seen.has(key)) fail('value twice');
    seen.add(key);
    current.samples.push({ name, labels, value: number.endsWith('Inf') ? (number[0] === '-' ? -Infinity : Infinity) : Number(number) });
  });
  for (const family of families.values()) checkFamily(family);
  return families;
}

function readLabels(inner, fail) {
  const labels = {};
  let rest = inner;
  while (rest !== '') {
    const found = /^([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,(?=.)|$)/.exec(rest);
    if (!found) fail('bad labels');
    if (found[1] in labels) fail('label twice');
    labels[found[1]] = found[2];
    rest = rest.slice(found[0].length);
  }
  return labels;
}

function checkFamily({ name, type, help, samples }) {
  const fail = (why) => { throw new Error(`${name}: ${why}`); };
  if (!type) fail('no TYPE');
  if (help.trim() === '') fail('no help');
  if (samples.length === 0) fail('no value');
  if ((type === 'counter') !== name.endsWith('_total')) fail('counters, and they alone, end in _total');
  if (NOT_BASE.test(name)) fail('not a base unit');
  if (/_(count|sum|bucket)$/.test(name)) fail('ends like a part of a histogram');
  if (type !== 'gauge' && samples.some(({ value }) => !(value >= 0))) fail('below zero');
  if (type === 'histogram') checkHistogram(samples, fail);
}

function checkHistogram(samples, fail) {
  const groups = new Map();
  for (const { name, labels, value } of samples) {
    const { le, ...others } = labels;
    const key = JSON.stringify(Object.entries(others).sort());
    if (!groups.has(key)) groups.set(key, { buckets: [] });
    const group = groups.get(key);
    if (name.endsWith('_bucket')) group.buckets.push([le === '+Inf' ? Infinity : Number(le), value]);
    else group[name.endsWith('_sum') ? 'sum' : 'count'] = value;
  }
  for (const { buckets, sum, count } of groups.values()) {
    if (sum === undefined || count === undefined) fail('no _sum or no _count');
    if (buckets.length < 2 || buckets.at(-1)[0] !== Infinity) fail('the last bucket is not +Inf');
    if (buckets.at(-1)[1] !== count) fail('+Inf is not the count');
    for (let i = 1; i < buckets.length; i++) {
      if (!(buckets[i][0] > buckets[i - 1][0])) fail('bounds do not rise');
      if (buckets[i][1] < buckets[i - 1][1]) fail('counts fall');
    }
  }
}

/** One value; labels as {name: value}, all that the sample has. */
export function valueOf(families, name, labels = {}) {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  for (const { samples } of families.values()) {
    const found = samples.find((sample) => sample.name === name && JSON.stringify(Object.entries(sample.labels).sort()) === wanted);
    if (found) return found.value;
  }
  throw new Error(`no ${name} ${wanted}`);
}
