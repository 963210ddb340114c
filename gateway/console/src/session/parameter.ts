// What may be written into a field of the parameter panel, and what must hold between two: the same as the gateway and the
// product check (include/fieldline/parameter.h), said while a person types. Theirs is the last word.
import type { Configure, Parameter, ParameterValue } from '../api/types';
import { t } from '../words/words';

// As the product tells of it (configure.list).
export interface ProductParameter extends Omit<Parameter, 'title' | 'title_zh' | 'risk' | 'restarts'> {
  value?: ParameterValue;
  fault?: string;
}
// A row of the panel: the pack's words, the narrower of both bounds, what the product has.
export interface Row {
  name: string;
  title: string;
  title_zh: string;
  unit: string;
  type: Parameter['type'];
  min: number | undefined;
  max: number | undefined;
  step: number | undefined;
  choices: string[] | undefined;
  max_bytes: number | undefined;
  risk: Parameter['risk'];
  writable: boolean;
  restarts: boolean;
  value: ParameterValue | undefined;
  fault: string;
}
export type Checked = { value: ParameterValue } | { wrong: string };

const greater = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined ? b : b === undefined ? a : Math.max(a, b));
const smaller = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined ? b : b === undefined ? a : Math.min(a, b));

export function rows_of(pack: Configure | null, product: ProductParameter[]): Row[] {
  return product.map((one): Row => {
    const said = pack?.parameters.find(({ name }) => name === one.name);
    return {
      name: one.name,
      type: one.type,
      max_bytes: smaller(said?.max_bytes, one.max_bytes),
      title: said?.title ?? one.name,
      title_zh: said?.title_zh ?? '',
      unit: said?.unit || one.unit,
      min: greater(said?.min, one.min),
      max: smaller(said?.max, one.max),
      step: said?.step ?? one.step,
      choices: said?.choices ? one.choices?.filter((choice) => said.choices?.includes(choice)) : one.choices,
      risk: said?.risk ?? 'medium',
      restarts: said?.restarts ?? false,
      writable: one.writable && said !== undefined && said.writable && said.type === one.type,
      value: one.value,
      fault: one.fault ?? '',
    };
  });
}

// "1h30m" -> 5400; plain numbers are seconds.
export function seconds_of(text: string): number {
  const units: Record<string, number> = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 };
  if (!/^(\d+[wdhms])+$/.test(text)) return text === '' ? NaN : Number(text);
  return [...text.matchAll(/(\d+)([wdhms])/g)].reduce((sum, [, n, unit]) => sum + Number(n) * (units[unit ?? ''] ?? NaN), 0);
}

export function show_value(row: { type: string; unit: string }, value: ParameterValue | undefined): string {
  if (value === undefined) return '–';
  if (typeof value === 'boolean') return t(value ? 'configure.on' : 'configure.off');
  if (row.type === 'duration') return `${value} s`;
  return row.unit && row.unit !== '/' ? `${value} ${row.unit === 'Cel' ? '°C' : row.unit}` : String(value);
}

export function show_bounds(row: Row): string {
  if (row.choices) return row.choices.join(' · ');
  const from = row.min === undefined ? '' : show_value(row, row.min);
  const to = row.max === undefined ? '' : show_value(row, row.max);
  if (from && to) return `${from} … ${to}`;
  return from ? `≥ ${from}` : to ? `≤ ${to}` : '';
}

function check_number(row: Row, number: number): Checked {
  if (!Number.isFinite(number)) return { wrong: t('configure.no_number') };
  if (row.type === 'int' && !Number.isInteger(number)) return { wrong: t('configure.no_whole') };
  if (row.min !== undefined && number < row.min) return { wrong: t('configure.too_low', { bound: show_value(row, row.min) }) };
  if (row.max !== undefined && number > row.max) return { wrong: t('configure.too_high', { bound: show_value(row, row.max) }) };
  const steps = row.step === undefined ? 0 : (number - (row.min ?? 0)) / row.step;
  if (Math.abs(steps - Math.round(steps)) > 1e-6) return { wrong: t('configure.no_step', { step: show_value(row, row.step) }) };
  return { value: number };
}

export function check_text(row: Row, text: string): Checked {
  const trimmed = text.trim();
  switch (row.type) {
    case 'bool':
      return { value: trimmed === 'true' };
    case 'enum':
      return row.choices?.includes(trimmed) ? { value: trimmed } : { wrong: t('configure.no_choice') };
    case 'text':
      return new TextEncoder().encode(trimmed).length > (row.max_bytes ?? 255) ? { wrong: t('configure.too_long', { bytes: row.max_bytes ?? 255 }) } : { value: trimmed };
    case 'duration':
      return check_number(row, seconds_of(trimmed));
    default:
      return check_number(row, trimmed === '' ? NaN : Number(trimmed));
  }
}

// Rules that do not hold with these values; one that speaks of what is not known here is the product's to judge.
export function broken_rules(rules: string[], value_of: (name: string) => ParameterValue | undefined): string[] {
  return rules.filter((rule) => {
    const parts = /^\s*([a-z]\w*)\s*(<=|>=|==|!=|<|>)\s*(?:"([^"]*)"|(-?[\d.]+\w*)|(true|false)|([a-z]\w*)\s*(?:([+-])\s*([\d.]+\w*))?)\s*$/.exec(rule);
    const left = parts && value_of(parts[1] ?? '');
    if (!parts || left === undefined) return false;
    const [, , operator, text, constant, truth, name, sign, offset] = parts;
    let right: ParameterValue | undefined = text;
    if (constant !== undefined) right = seconds_of(constant.replace(/^-/, '')) * (constant.startsWith('-') ? -1 : 1);
    if (truth !== undefined) right = truth === 'true';
    if (name !== undefined && truth === undefined) right = value_of(name);
    if (right === undefined) return false;
    if (offset !== undefined) right = Number(right) + seconds_of(offset) * (sign === '-' ? -1 : 1);
    if (operator === '==') return left !== right;
    if (operator === '!=') return left === right;
    const [a, b] = [Number(left), Number(right)];
    return !(operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b);
  });
}
