// axe-core's rules in a page. Its code is evaluated by the debugger, so the page's own policy stays as strict as it is.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What is wrong for people with disabilities, one line each; only what axe calls serious or critical. */
export async function findBarriers(page) {
  await page.evaluate(`${source}; undefined`);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.any.map((one) => one.message).join('; ')}`).join(' | ')}`,
    );
}
