// For unit tests: a kind of destination whose form has a field of every type.
import type { DestinationKind, FormField } from '../api/types';

const field = (key: string, more: Partial<FormField> = {}): FormField => ({ key, label: key, help: '', type: 'text', group: 'main', required: false, ...more });
const named = (...values: string[]) => values.map((value) => ({ value, label: value, help: '' }));

export const EVERY_TYPE: DestinationKind = {
  kind: 'sample', title: 'Sample', summary: '', keywords: '', icon: '', docs: 'delivery', unsupportedReason: '',
  supports: { eventKinds: true, filters: true, sampling: true, privacy: true, addedFields: true, replay: true, cost: false },
  form: {
    groups: [{ key: 'main', title: 'Main', help: '' }],
    fields: [
      field('address', { required: true, example: 'https://hooks.example', pattern: '^https://' }),
      field('token', { type: 'secret' }),
      field('parallel', { type: 'number', default: '4' }),
      field('compress', { type: 'boolean', default: 'true' }),
      field('strict', { type: 'boolean' }),
      field('format', { type: 'choice', default: 'lines', choices: named('lines', 'array') }),
      field('storage', { type: 'choice', choices: named('standard', 'cold') }),
      field('tags', { type: 'texts', pattern: '^[a-z]+$' }),
      field('headers', { type: 'pairs', secret: true, example: 'X-Team: flags' }),
      field('batchBytes', { type: 'size', example: '1 MiB' }),
      field('linger', { type: 'duration', example: '1 s' }),
      field('region', { type: 'region' }),
      field('roleArn'),
      field('externalId', { dependsOn: 'roleArn' }),
      field('arrayLimit', { type: 'number', dependsOn: 'format', dependsOnValues: ['array'] }),
      field('level', { type: 'number', dependsOn: 'compress' }),
    ],
  },
};

export const ORIGINALS: DestinationKind = {
  ...EVERY_TYPE,
  supports: { eventKinds: false, filters: false, sampling: false, privacy: false, addedFields: false, replay: false, cost: false },
  unsupportedReason: 'It forwards payloads as SDKs sent them.',
};
