// One field of a form, drawn from its description.
import { ActionIcon, MultiSelect, PasswordInput, Select, Switch, TagsInput, Textarea, TextInput } from '@mantine/core';
import type { FormField } from '../api/types';
import { Icon } from '../parts/icons';
import { isExternalId, newExternalId, type DestinationValues, type Faults } from './destination_values';
import { isHidden, type FieldValue } from './field_values';
import { HelpText } from './help_text';
import { RegionField } from './region_field';

export interface FieldProps {
  field: FormField;
  value: FieldValue | undefined;
  error: string | undefined;
  set: (value: FieldValue) => void;
  // Called when the field loses the focus.
  left: () => void;
  // Of the whole form: for a field that stands for others too.
  values: DestinationValues;
  errors: Faults;
  change: (change: Partial<DestinationValues>) => void;
}

export function FieldInput(props: FieldProps) {
  switch (props.field.type) {
    case 'boolean':
      return props.field.default ? <BooleanField {...props} /> : <ChoiceField {...props} field={{ ...props.field, choices: YES_OR_NO }} />;
    case 'choice':
      return <ChoiceField {...props} />;
    case 'texts':
      return <TextsField {...props} />;
    case 'pairs':
      return <PairsField {...props} />;
    case 'secret':
      return <SecretField {...props} />;
    case 'region':
      return <RegionField {...props} />;
    default:
      return <TextField {...props} />;
  }
}

// Without a default of its own, empty is a third answer: the server decides.
const YES_OR_NO = [{ value: 'true', label: 'Yes', help: '' }, { value: 'false', label: 'No', help: '' }];

const textOf = (value: FieldValue | undefined) => (Array.isArray(value) ? value.join('\n') : (value ?? ''));
const listOf = (value: FieldValue | undefined) => (Array.isArray(value) ? value : value ? [value] : []);

function shared({ field, error, left }: FieldProps) {
  return {
    label: field.label,
    ...(field.help && { description: <HelpText text={field.help} /> }),
    required: field.required,
    withAsterisk: field.required,
    placeholder: field.default ? `Default: ${field.default}` : (field.example ?? ''),
    error,
    onBlur: left,
  };
}

function TextField(props: FieldProps) {
  const { field, value, set } = props;
  return (
    <TextInput {...shared(props)} value={textOf(value)} onChange={(event) => set(event.currentTarget.value)} autoComplete="off" {...(field.type === 'number' && { inputMode: 'numeric' })}
      {...(isExternalId(field) && {
        rightSection: (
          <ActionIcon variant="subtle" color="gray" c="var(--mantine-color-dimmed)" aria-label="Generate a new external id" title="Generate a new external id" onClick={() => set(newExternalId())}>
            <Icon name="reset" size={16} />
          </ActionIcon>
        ),
      })} />
  );
}

function SecretField(props: FieldProps) {
  const { field, value, set } = props;
  const text = textOf(value);
  return (
    <PasswordInput {...shared(props)} description={<><HelpText text={field.help} /> Not saved in drafts.</>} value={text} autoComplete="off" onChange={(event) => set(event.currentTarget.value)}
      onFocus={(event) => isHidden(text) && event.currentTarget.select()} />
  );
}

function BooleanField(props: FieldProps) {
  const { field, value, error, set, left } = props;
  return (
    <Switch label={field.label} description={<HelpText text={field.help} />} error={error} checked={(textOf(value) || field.default) === 'true'} onBlur={left}
      onChange={(event) => set(String(event.currentTarget.checked))} />
  );
}

function ChoiceField(props: FieldProps) {
  const { field, value, set } = props;
  const choices = field.choices ?? [];
  const selected = textOf(value) || field.default || '';
  const help = choices.find((choice) => choice.value === selected)?.help;
  // Keeps a value that is newer than the description.
  const extra = selected && !choices.some((choice) => choice.value === selected) ? [{ value: selected, label: selected }] : [];
  const optional = !field.required && !field.default;
  return (
    <Select {...shared(props)} description={(help || field.help) && <>{help} <HelpText text={field.help} /></>} placeholder={optional ? 'Default' : (field.example ?? '')}
      data={[...choices.map(({ value: of, label }) => ({ value: of, label })), ...extra]} value={selected || null} allowDeselect={optional} clearable={optional}
      clearButtonProps={{ 'aria-label': `Clear ${field.label}` }} onChange={(next) => set(next ?? '')}
      renderOption={({ option }) => {
        const about = choices.find((choice) => choice.value === option.value)?.help;
        return <div>{option.label}{about && <div className="small dim">{about}</div>}</div>;
      }} />
  );
}

function TextsField(props: FieldProps) {
  const { field, value, set } = props;
  const list = listOf(value);
  const placeholder = list.length > 0 ? '' : (field.example ?? '');
  if (field.choices)
    return <MultiSelect {...shared(props)} placeholder={placeholder} data={[...field.choices.map(({ value: of, label }) => ({ value: of, label })), ...list.filter((each) => !field.choices!.some((choice) => choice.value === each))]} value={list} onChange={set} searchable hidePickedOptions />;
  return <TagsInput {...shared(props)} placeholder={placeholder} value={list} onChange={set} splitChars={[',', ' ']} acceptValueOnBlur clearable={false} />;
}

function PairsField(props: FieldProps) {
  const { field, value, set } = props;
  const text = textOf(value);
  return (
    <Textarea {...shared(props)} description={<><HelpText text={field.help} /> One per line, as Name: value. Not saved in drafts.</>} rows={Math.min(Math.max(text.split('\n').length + 1, 3), 12)} spellCheck={false} autoComplete="off" classNames={{ input: 'mono' }}
      value={text} onChange={(event) => set(event.currentTarget.value)} />
  );
}
