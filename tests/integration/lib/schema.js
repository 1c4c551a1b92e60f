// The published JSON Schema of exported records, asked by an independent validator. Every record that any test reads from a
// stream goes through `validated`.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import { repository } from './paths.js';

const SCHEMA = path.join(repository, 'docs/schema/record.schema.json');
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync(SCHEMA, 'utf8')));

// What is wrong with a record, a line per fault; empty when it is valid.
export function faultsOf(record) {
  if (validate(record)) return [];
  return validate.errors.map(({ instancePath, message }) => `${instancePath || 'the record'} ${message}`);
}

function faultsOfText(text) {
  if (!text.endsWith('\n') || text.indexOf('\n') !== text.length - 1) return ['it is not one line'];
  try {
    return faultsOf(JSON.parse(text));
  } catch (error) {
    return [`it is no JSON: ${error.message}`];
  }
}

// `text`, the data of one record, given back; throws where it breaks the schema, and no waiting mends that.
export function validated(text) {
  const faults = faultsOfText(text);
  if (faults.length === 0) return text;
  throw Object.assign(new Error(`a record breaks docs/schema/record.schema.json: ${faults.join('; ')}\n${text}`), { fatal: true });
}
