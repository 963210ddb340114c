// The shipped packs on trial: 20 healthy individuals of each kind of product live for 30 days without a ticket, and every fault that
// develops in others is told before the product fails. In process, at the packs' own pace (tests/bench/products.c); with
// sanitizers fewer individuals for fewer days. UNITS=50 DAYS=90 FAULT_UNITS=3 tries harder.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runTrial } from '../bench/products.mjs';
import { ROOT } from '../../deploy/demo/place.mjs';
import { MODE } from './stack.mjs';

const IS_QUICK = MODE !== 'release';
const DAYS = Number(process.env.DAYS ?? (IS_QUICK ? 9 : 30));
const UNITS = Number(process.env.UNITS ?? (IS_QUICK ? 2 : 20));
const FAULT_UNITS = Number(process.env.FAULT_UNITS ?? 1);

// Model, and its faults with the least lead time in hours: about half of what was measured, so that a rule that is changed for the
// worse shows, and a different month does not.
const MODELS = {
  'air-compressor': { air_leak: 90, inlet_filter: 150, cooler_fouling: 50, separator: 200 },
  'centrifugal-pump': { bearing: 330, cavitation: 45, impeller_wear: 300, seal_leak: 80 },
  'heat-pump': { refrigerant_leak: 95, icing: 25, low_flow: 65, short_cycling: 20, water_loss: 100 },
  'linux-gateway': { disk_fills: 45, memory_leak: 6, fan: 95, link_errors: 120, flash_wear: 100 },
  'ups-battery': { capacity_fade: 500, block_dries_out: 400, fan: 180, thermal_runaway: 55 },
  'vaccine-freezer': { refrigerant_leak: 75, dirty_condenser: 65, lid_seal: 65, worn_compressor: 55, alarm_battery: 55 },
  'washing-machine': { bearing: 160, drain_valve: 180 },
};

const program = join(ROOT, 'build', MODE, 'bench-products');

for (const [model, faults] of Object.entries(MODELS)) {
  const name = model.replaceAll('-', '_');
  test(`${model}: no ticket in ${UNITS} x ${DAYS} healthy days, and ${Object.keys(faults).length} faults told in time`, async (t) => {
    const { figures, told } = await runTrial(program, ROOT, { model, days: DAYS, units: UNITS, faultUnits: FAULT_UNITS });
    for (const figure of figures) t.diagnostic(`${figure.name} ${figure.value} ${figure.unit}`);
    const value = (figure) => {
      const found = figures.find((one) => one.name === figure);
      assert.ok(found, `${figure} is printed`);
      return found.value;
    };
    assert.equal(value(`false_alarms_${name}`), 0, told);
    assert.doesNotMatch(told, /nothing is wrong/, 'an alarm before the fault began');
    for (const [fault, hours] of Object.entries(faults)) {
      assert.ok(value(`lead_time_${name}_${fault}_h`) >= hours, `${fault}: expected ${hours} h at least\n${told}`);
      assert.ok(value(`lead_time_named_${name}_${fault}_h`) > 0, `${fault} is told by the alarm that names it\n${told}`);
    }
    const tried = figures.filter((one) => one.name.startsWith(`lead_time_${name}_`)).length;
    assert.equal(tried, Object.keys(faults).length, 'every fault that is simulated has its least lead time here');
  });
}
