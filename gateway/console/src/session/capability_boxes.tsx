// The ladder as check boxes, for forms that give or include capabilities.
import { CAPABILITIES } from '../api/types';
import { t, t_or } from '../words/words';

export function CapabilityBoxes() {
  return (
    <fieldset>
      <legend>{t('people.for')}</legend>
      {CAPABILITIES.map((one) => (
        <label class="check" key={one}>
          <input type="checkbox" name="capability" value={one} />
          <span>{t_or(`capability.${one}`, one)}</span>
        </label>
      ))}
    </fieldset>
  );
}

// "2027-03-31" of a date field as the last moment of that day in UTC.
export function end_of_day(text: string): number {
  return Date.parse(`${text}T23:59:59.999Z`);
}
