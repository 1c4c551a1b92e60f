// The value of a form's field as it is edited, and its conversion to the setting that the API takes and shows.
import type { FormField, Setting } from '../api/types';

// A list for `texts`; "true", "false" or "" for `boolean`; else the text as typed, for `pairs` with a line for each.
export type FieldValue = string | string[];

// A saved secret is shown as this and its last characters, of a pair the value alone. Sent back so, it stays as it is.
const HIDDEN = '********';
export const isHidden = (value: FieldValue | undefined): boolean =>
  Array.isArray(value) ? value.some(isHidden) : (value ?? '').split('\n').some((line) => line.startsWith(HIDDEN) || line.includes(`: ${HIDDEN}`));

// Pairs may hold credentials, such as a header of authorization.
// Shown to nobody again: neither in drafts nor in what is sent for set-up help.
export const isPrivate = ({ type, secret }: FormField): boolean => secret === true || type === 'secret';

// A switch or a selection shows its default; a text shows it as a placeholder.
const showsDefault = ({ type }: FormField): boolean => type === 'boolean' || type === 'choice';

export function emptyValue(field: FormField): FieldValue {
  if (field.type === 'texts') return [];
  return showsDefault(field) ? (field.default ?? '') : '';
}

export const isEmpty = (value: FieldValue | undefined): boolean => (Array.isArray(value) ? value.length === 0 : !value?.trim());

export function valueOf(field: FormField, setting: Setting | undefined): FieldValue {
  if (setting === undefined || setting === null) return emptyValue(field);
  if (field.type === 'texts') return Array.isArray(setting) ? setting.map(String) : [String(setting)];
  if (Array.isArray(setting)) return setting.join('\n');
  return String(setting);
}

const lines = (text: string) => text.split('\n').map((line) => line.trim()).filter(Boolean);

// Undefined: nothing is sent, and the server's default holds. What is not valid is sent as typed, so that the server reports it.
export function settingOf(field: FormField, value: FieldValue | undefined): Setting | undefined {
  if (value === undefined || isEmpty(value)) return undefined;
  if (Array.isArray(value)) return value;
  const text = value.trim();
  if (showsDefault(field) && text === field.default) return undefined;
  switch (field.type) {
    case 'boolean':
      return text === 'true';
    case 'pairs':
      return lines(value);
    case 'number':
    case 'size':
      return /^\d{1,15}$/.test(text) ? Number(text) : text;
    default:
      return text;
  }
}

type ValueOf = (key: string) => FieldValue | undefined;

function isShown(field: FormField, fields: readonly FormField[], value: ValueOf, depth = 0): boolean {
  if (!field.dependsOn) return true;
  const master = fields.find(({ key }) => key === field.dependsOn);
  if (!master || depth > fields.length || !isShown(master, fields, value, depth + 1)) return false;
  const given = value(master.key);
  const values = Array.isArray(given) ? given : [given?.trim() || master.default || ''];
  const wanted = field.dependsOnValues ?? [];
  if (wanted.length > 0) return values.some((each) => wanted.includes(each));
  return values.some((each) => each !== '' && !(master.type === 'boolean' && each === 'false'));
}

// Those that the values of others do not hide.
export function shownFields(fields: readonly FormField[], value: ValueOf): FormField[] {
  return fields.filter((field) => isShown(field, fields, value));
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return true; // not for this browser; the server decides
  }
}

// What is wrong with a value as far as the description says it. The server has the last word.
export function faultOf(field: FormField, value: FieldValue | undefined): string | undefined {
  const example = field.example ? ` Expected one such as ${field.example}.` : '';
  if (value === undefined || isEmpty(value)) return field.required ? `Required.${example}` : undefined;
  if (!field.pattern) return undefined;
  const texts = Array.isArray(value) ? value : field.type === 'pairs' ? lines(value) : [value.trim()];
  const odd = texts.find((text) => !isHidden(text) && !matches(field.pattern!, text));
  if (odd === undefined) return undefined;
  return `${isPrivate(field) ? 'This' : `“${odd}”`} is not valid.${example}`;
}
