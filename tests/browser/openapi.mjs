// The gateway's own description of its API as a judge of answers: of the fake gateway's, so that the console is not developed
// against a dream, and of the real one's, as a browser sees them. Stricter than the document: what it names must be there.
import Ajv from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './browser.mjs';

const document = parse(readFileSync(join(ROOT, 'gateway/web/openapi.yaml'), 'utf8'));
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'openapi', components: demand(structuredClone(document.components)) });

/** Every named property becomes a required one, in responses and components alike. */
function demand(node) {
  if (Array.isArray(node)) node.forEach(demand);
  else if (node && typeof node === 'object') {
    if (node.type === 'object' || (Array.isArray(node.type) && node.type.includes('object'))) {
      if (node.properties) node.required = Object.keys(node.properties);
    }
    if (typeof node.$ref === 'string' && node.$ref.startsWith('#/')) node.$ref = `openapi${node.$ref}`;
    Object.values(node).forEach(demand);
  }
  return node;
}

const rows = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method: method.toUpperCase(),
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`),
    responses: operation.responses,
  })),
);
const validators = new Map();

function validator(row, status) {
  const key = `${row.method} ${row.path} ${status}`;
  if (!validators.has(key)) {
    const schema = row.responses[status]?.content?.['application/json']?.schema;
    validators.set(key, schema && ajv.compile(demand(structuredClone(schema))));
  }
  return validators.get(key);
}
const problem = ajv.compile({
  type: 'object',
  required: ['status', 'code', 'detail'],
  properties: { status: { type: 'integer' }, code: { type: 'string' }, detail: { type: 'string' } },
});

/** What is wrong with an answer, one line each. `path` is below /api/v1, without its query. */
export function findBreaches(method, path, status, json) {
  const row = rows.find((one) => one.method === method && one.pattern.test(path));
  if (!row) return [`${method} ${path} is not in openapi.yaml`];
  const validate = status >= 400 ? problem : validator(row, status);
  if (status < 400 && !row.responses[status]) return [`${method} ${path} may not answer ${status}`];
  if (!validate || validate(json)) return [];
  return validate.errors.map((error) => `${method} ${path} ${status}: ${error.instancePath || 'the answer'} ${error.message}`);
}
