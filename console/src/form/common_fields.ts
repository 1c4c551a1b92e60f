// The settings that kinds of destinations have in common, described as the server describes those of a kind.
import type { FormField, FormGroup, Supports } from '../api/types';

interface CommonField extends FormField {
  supportedBy: keyof Supports;
}

export const COMMON_GROUPS: FormGroup[] = [
  { key: 'filters', title: 'Kinds and filters', help: 'Which events it receives' },
  { key: 'privacy', title: 'Privacy', help: 'What it must not receive' },
  { key: 'added', title: 'Added fields', help: 'What each event gets in addition' },
];

export const EVENT_KINDS = ['feature', 'debug', 'identify', 'custom', 'click', 'pageview', 'index', 'summary', 'alias', 'migration_op'];
const named = (values: string[]) => values.map((value) => ({ value, label: value, help: '' }));
const ADDED_FIELDS = named(['receivedDate', 'projectKey', 'environmentKey', 'sdk', 'application']);

const list = (group: string, supportedBy: keyof Supports, key: string, label: string, example: string, help = ''): CommonField => ({
  key, label, help, type: 'texts', group, required: false, example, supportedBy,
});

const FIELDS: CommonField[] = [
  { ...list('filters', 'eventKinds', 'kinds', 'Kinds', 'All except index and summary', 'If empty: all except index and summary. The kinds: docs/events.md.'), choices: named(EVENT_KINDS) },
  list('filters', 'filters', 'onlyFlags', 'Only these flags', 'All flags', 'Flag keys. Evaluations of other flags are filtered out.'),
  list('filters', 'filters', 'neverFlags', 'Never these flags', 'None'),
  list('filters', 'filters', 'onlyEvents', 'Only these events', 'All events', 'Keys of custom, click and pageview events.'),
  list('filters', 'filters', 'neverEvents', 'Never these events', 'None'),
  list('filters', 'filters', 'onlyContextKinds', 'Only these context kinds', 'All kinds', 'Such as user or organization.'),
  list('filters', 'filters', 'neverContextKinds', 'Never these context kinds', 'None'),
  {
    key: 'sampleOneIn', label: 'Keep one event in', help: '1 keeps all events. 10 keeps one in ten and sets samplingRatio in each.', type: 'number',
    group: 'filters', required: false, example: '1', supportedBy: 'sampling',
  },
  {
    key: 'start', label: 'Start with', help: '', type: 'choice', group: 'filters', required: false, default: 'now', supportedBy: 'replay',
    choices: [{ value: 'now', label: 'Events from now on', help: '' }, { value: 'oldest', label: 'The oldest events in the journal', help: '' }],
  },
  list('privacy', 'privacy', 'dropAttributes', 'Attributes to drop', 'email', 'References to context attributes, such as email or /address/street.'),
  list('privacy', 'privacy', 'hashAttributes', 'Attributes to hash', 'ip', 'Equal values get equal hashes, so events can still be joined.'),
  list('privacy', 'privacy', 'hashKeysOf', 'Context kinds whose keys are hashed', 'user', '* for all.'),
  {
    key: 'hashSecret', label: 'Hash secret', help: '16 characters or more. Required for hashing.', type: 'secret', group: 'privacy',
    required: false, supportedBy: 'privacy',
  },
  { ...list('added', 'addedFields', 'addFields', 'Added fields', 'None', 'In addition to version, in every record.'), choices: ADDED_FIELDS },
];

export function commonFields(supports: Supports): FormField[] {
  return FIELDS.filter(({ supportedBy }) => supports[supportedBy]);
}
