/** UCUM units as clinicians write them; one that is not listed is written as it is. */
export const UNIT_TEXT: Readonly<Record<string, string>> = {
  'mm[Hg]': 'mmHg',
  Cel: '°C',
  '1': '',
  '{score}': '',
  '{count}': '',
  '{pH}': '',
  '{INR}': '',
  '{bool}': '',
  '10*3/uL': '×10³/µL',
};

/** `18 %` of a probability (unit 1), `7 points` of a score, `54.7 mmHg` of anything else; the bare number where no unit is known. */
export function amountText(value: number, unit: string | null): string {
  if (unit === '1') return `${(100 * value).toFixed(0)} %`;
  const number = Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
  if (unit === '{score}') return number === '1' ? '1 point' : `${number} points`;
  const text = unit === null ? '' : (UNIT_TEXT[unit] ?? unit);
  return text === '' ? number : `${number} ${text}`;
}

/** What of an alert record says what is alarmed. */
interface Alarmed {
  readonly rule: string;
  readonly label: string | null;
  readonly unit: string | null;
  readonly value: number | null;
}

/** What an alert is about: its label; where the record has none, its rule or kind of notice as words. */
export function titleOf({ rule, label }: Pick<Alarmed, 'rule' | 'label'>): string {
  return label ?? `${rule.charAt(0).toUpperCase()}${rule.slice(1).replaceAll('-', ' ')}`;
}

/** `NEWS2 7 points`: what an alert is about, with the value it has. */
export function alarmText(alert: Alarmed): string {
  const { value, unit } = alert;
  return value === null ? titleOf(alert) : `${titleOf(alert)} ${amountText(value, unit)}`;
}
