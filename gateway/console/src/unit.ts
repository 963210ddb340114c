// Values for people: SenML's unit names (RFC 8428 section 12.1, RFC 8798) as they are usually written.
interface Shown {
  text: string;
  scale?: number;
}
const UNITS: Record<string, Shown> = {
  Cel: { text: '°C' },
  K: { text: 'K' },
  '/': { text: '%', scale: 100 }, // a ratio
  '%RH': { text: '% RH' },
  '%EL': { text: '%' },
  EL: { text: '' },
  'm/s2': { text: 'm/s²' },
  'mm/s': { text: 'mm/s' },
  'kg/m3': { text: 'kg/m³' },
  m3: { text: 'm³' },
  'm3/s': { text: 'm³/s' },
  m2: { text: 'm²' },
  'l/s': { text: 'l/s' },
  'W/m2': { text: 'W/m²' },
  Ohm: { text: 'Ω' },
  '1/s': { text: '/s' },
  '1/min': { text: 'min⁻¹' },
  'beat/min': { text: 'bpm' },
  count: { text: '' },
};
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
// Bytes and bytes a second are the two that need a factor chosen by size.
const BYTES: Record<string, string> = { B: '', By: '', 'B/s': '/s' };

function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-3)) return value.toExponential(2);
  const places = size >= 1_000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3;
  return String(Number(value.toFixed(places)));
}

export function format_value(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const per = BYTES[unit];
  if (per !== undefined) {
    const step = Math.min(BINARY.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, Math.abs(value))) / 10)));
    return `${digits(value / 2 ** (10 * step))} ${BINARY[step]}${per}`;
  }
  const known = UNITS[unit] ?? { text: unit };
  const number = digits(value * (known.scale ?? 1));
  return known.text ? `${number} ${known.text}` : number;
}

export function format_bytes(bytes: number): string {
  return format_value(bytes, 'B');
}
