// A reporter for Node's test runner that says what Criterion says with --tap: one flat line for each test that is no group
// ("ok - NAME", "not ok - NAME", "# SKIP"), the failure's text indented below. Node's own TAP nests and counts files as tests.
import { inspect } from 'node:util';

const indent = (text) => text.replace(/^/gm, '    ');

export default async function* report(source) {
  const path = []; // names of the groups around a test, by nesting
  for await (const { type, data } of source) {
    if (type === 'test:start') {
      path.length = data.nesting;
      path.push(data.name);
    }
    if (type === 'test:stdout' || type === 'test:stderr') yield `${indent(data.message.trimEnd())}\n`;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const isGroup = data.details?.type === 'suite' || data.name.endsWith('.test.mjs');
    const isOnlyItsTests = data.details?.error?.failureType === 'subtestsFailed';
    if (type === 'test:pass' && isGroup) continue;
    if (type === 'test:fail' && isOnlyItsTests) continue;
    const groups = path.slice(0, data.nesting).filter((name) => !name.endsWith('.test.mjs'));
    const name = [...groups, data.name].join(': ');
    if (type === 'test:pass') yield data.skip !== undefined ? `ok - ${name} # SKIP ${data.skip}\n` : `ok - ${name}\n`;
    else yield `not ok - ${name}\n${indent(text(data.details.error))}\n`;
  }
}

function text(error) {
  const cause = error?.cause ?? error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
}
