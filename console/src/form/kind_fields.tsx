// The form of a destination's settings, drawn from the description of its kind.
import { Switch, TextInput } from '@mantine/core';
import type { DestinationKind, FormField, FormGroup } from '../api/types';
import { partsOf } from '../kinds';
import { COMMON_GROUPS, commonFields } from './common_fields';
import { nameOf, shownOf, type DestinationValues, type Faults } from './destination_values';
import { emptyValue } from './field_values';
import { Fold } from './fold';
import { FieldInput } from './form_field';
import { HelpText } from './help_text';

export interface FieldsProps {
  kind: DestinationKind;
  values: DestinationValues;
  set: (change: Partial<DestinationValues>) => void;
  errors: Faults;
  left: (name: string) => void;
}

export function NameField({ kind, values, set, errors }: FieldsProps) {
  return (
    <TextInput label="Name" description="Optional. Shown in lists." placeholder={partsOf(kind.kind).defaultName?.(values) || kind.title} value={values.name} error={errors['name']}
      onChange={(event) => set({ name: event.currentTarget.value })} data-autofocus />
  );
}

export function OnField({ values, set }: FieldsProps) {
  return (
    <Switch label="On" description={values.on ? 'New events are delivered.' : 'Off: new events stay in the journal until its retention time is over.'} checked={values.on}
      onChange={(event) => set({ on: event.currentTarget.checked })} />
  );
}

const DETAILS: FormGroup = { key: 'details', title: 'Details', help: '' };
const isFolded = ({ key }: FormGroup) => key === DETAILS.key || key.startsWith('more');

// The kind's main settings, then those that kinds have in common, then the kind's details.
export function KindFields(props: FieldsProps) {
  const { kind, values } = props;
  const groups = kind.form.groups.some(({ key }) => key === DETAILS.key) ? kind.form.groups : [...kind.form.groups, DETAILS];
  const shown = shownOf(kind, values).filter((field) => kind.form.fields.includes(field) && !isDrawnByOther(kind, field));
  // A field of no known group is a detail.
  const groupOf = ({ group }: FormField) => (groups.some(({ key }) => key === group) ? group : DETAILS.key);
  const fieldsOf = (group: FormGroup) => shown.filter((field) => groupOf(field) === group.key);
  return (
    <>
      {groups.filter((group) => !isFolded(group)).map((group) => <OpenGroup key={group.key} {...props} group={group} fields={fieldsOf(group)} />)}
      <div>
        <CommonSettings {...props} />
        {groups.filter(isFolded).map((group) => <FoldedGroup key={group.key} {...props} group={group} fields={fieldsOf(group)} />)}
      </div>
    </>
  );
}

function isDrawnByOther({ kind }: DestinationKind, { key }: FormField): boolean {
  return Object.values(partsOf(kind).joined ?? {}).includes(key);
}

export function CommonSettings(props: FieldsProps) {
  const fields = commonFields(props.kind.supports);
  if (fields.length === 0) return props.kind.unsupportedReason ? <p className="small dim unsupported">{props.kind.unsupportedReason}</p> : null;
  return <>{COMMON_GROUPS.map((group) => <FoldedGroup key={group.key} {...props} group={group} fields={fields.filter((field) => field.group === group.key)} />)}</>;
}

type GroupProps = FieldsProps & { group: FormGroup; fields: FormField[] };

function OpenGroup(props: GroupProps) {
  const { kind, group, fields } = props;
  if (fields.length === 0) return null;
  const id = `group-${kind.kind}-${group.key}`;
  return (
    <div className="form" role="group" {...(group.title && { 'aria-labelledby': id })}>
      {group.title && <div><h3 id={id} className="group-title">{group.title}</h3>{group.help && <p className="small dim group-help"><HelpText text={group.help} /></p>}</div>}
      <Fields {...props} />
    </div>
  );
}

function FoldedGroup(props: GroupProps) {
  const { group, fields, values, errors } = props;
  if (fields.length === 0) return null;
  const isSet = (field: FormField) => JSON.stringify(values[nameOf(field.key)] ?? emptyValue(field)) !== JSON.stringify(emptyValue(field));
  return (
    <Fold title={group.title} hint={group.help} set={fields.some(isSet)} fault={fields.some(({ key }) => errors[nameOf(key)])}>
      <Fields {...props} />
    </Fold>
  );
}

function Fields({ kind, fields, values, set, errors, left }: GroupProps) {
  const own = partsOf(kind.kind).fields ?? {};
  return (
    <>
      {fields.map((field) => {
        const name = nameOf(field.key);
        const Input = own[field.key] ?? FieldInput;
        return (
          <Input key={field.key} field={field} value={values[name]} error={errors[name]} set={(value) => set({ [name]: value })} left={() => left(name)}
            values={values} errors={errors} change={set} />
        );
      })}
    </>
  );
}
