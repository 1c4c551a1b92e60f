// The values of the destination form, and their conversion to the API's form.
import type { Destination, DestinationDraft, DestinationKind, FormField, Setting } from '../api/types';
import { commonFields } from './common_fields';
import { emptyValue, faultOf, isEmpty, isHidden, isPrivate, settingOf, shownFields, valueOf, type FieldValue } from './field_values';

// Settings by the name that the server's errors have for them: "config.region".
export interface DestinationValues {
  name: string;
  project: string;
  environment: string;
  on: boolean;
  [setting: SettingName]: FieldValue;
}
export type SettingName = `config.${string}`;
export type Faults = Record<string, string>;

const EXTERNAL_ID = 'externalId';

export const nameOf = (key: string): SettingName => `config.${key}`;

export function fieldsOf({ form, supports }: DestinationKind): FormField[] {
  return [...form.fields, ...commonFields(supports)];
}

export function textOf(values: DestinationValues, key: string): string {
  const value = values[nameOf(key)];
  return typeof value === 'string' ? value : '';
}

export function emptyValues(kind: DestinationKind): DestinationValues {
  const values: DestinationValues = { name: '', project: '', environment: '', on: true };
  for (const field of fieldsOf(kind)) values[nameOf(field.key)] = emptyValue(field);
  return values;
}

// Those of a new destination: a role's external id is ours to choose.
export function startValues(kind: DestinationKind): DestinationValues {
  const values = emptyValues(kind);
  if (nameOf(EXTERNAL_ID) in values) values[nameOf(EXTERNAL_ID)] = newExternalId();
  return values;
}

export const isExternalId = ({ key, type }: FormField): boolean => key === EXTERNAL_ID && type === 'text';

// What is never stored in a draft.
export function privateNames(kind: DestinationKind): SettingName[] {
  return fieldsOf(kind).filter(isPrivate).map(({ key }) => nameOf(key));
}

export function faultNames(kind: DestinationKind): string[] {
  return ['name', 'on', ...fieldsOf(kind).map(({ key }) => nameOf(key))];
}

export function shownOf(kind: DestinationKind, values: DestinationValues): FormField[] {
  return shownFields(fieldsOf(kind), (key) => values[nameOf(key)]);
}

function settingsOf(fields: FormField[], values: DestinationValues): Record<string, Setting> {
  const config: Record<string, Setting> = {};
  for (const field of fields) {
    const setting = settingOf(field, values[nameOf(field.key)]);
    if (setting !== undefined) config[field.key] = setting;
  }
  return config;
}

// Only what is set and shown: the rest is the server's default.
export function configOf(kind: DestinationKind, values: DestinationValues): Record<string, Setting> {
  return settingsOf(shownOf(kind, values), values);
}

export function draftOf(kind: DestinationKind, values: DestinationValues): DestinationDraft {
  return { kind: kind.kind, on: values.on, ...(values.name.trim() && { name: values.name.trim() }), config: configOf(kind, values) };
}

// For set-up help: the kind's own settings without secrets, and with those that are not shown yet. A trust policy needs the
// external id before there is a role.
export function helpDraftOf(kind: DestinationKind, values: DestinationValues): DestinationDraft {
  return { kind: kind.kind, config: settingsOf(kind.form.fields.filter((field) => !isPrivate(field)), values) };
}

export function valuesOf(kind: DestinationKind, { name, on, config }: Destination, project: string, environment: string): DestinationValues {
  const values: DestinationValues = { name, project, environment, on };
  for (const field of fieldsOf(kind)) values[nameOf(field.key)] = valueOf(field, config[field.key]);
  return values;
}

// Whether a secret in it is not known here: the server can use it only in the saved destination.
export function holdsHidden(kind: DestinationKind, values: DestinationValues): boolean {
  return fieldsOf(kind).some(({ key }) => isHidden(values[nameOf(key)]));
}

// A merge patch of what differs; null resets a setting to its default. Settings that the form does not show stay.
export function mergeOf(kind: DestinationKind, values: DestinationValues, destination: Destination): { version: number; name?: string; on?: boolean; config?: Record<string, Setting> } {
  const before = configOf(kind, valuesOf(kind, destination, values.project, values.environment));
  const after = configOf(kind, values);
  const config: Record<string, Setting> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
    if (JSON.stringify(before[name]) !== JSON.stringify(after[name])) config[name] = after[name] ?? null;
  return {
    version: destination.version,
    ...(values.name.trim() !== destination.name && { name: values.name.trim() }),
    ...(values.on !== destination.on && { on: values.on }),
    ...(Object.keys(config).length > 0 && { config }),
  };
}

// What the description finds wrong, by field. `joined`: the field of another key that may be filled in instead.
export function ownFaults(kind: DestinationKind, values: DestinationValues, joined: Readonly<Record<string, string>> = {}): Faults {
  const faults: Faults = {};
  for (const field of shownOf(kind, values)) {
    const instead = joined[field.key];
    if (instead && !isEmpty(values[nameOf(instead)])) continue;
    const fault = faultOf(field, values[nameOf(field.key)]);
    if (fault) faults[nameOf(field.key)] = fault;
  }
  return faults;
}

export function newExternalId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
