// What a destination receives: kinds, filters, sampling, privacy, and delivery details.
import { MultiSelect, PasswordInput, Select, Switch, TagsInput, TextInput } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import { DocsLink } from '../parts/callout';
import type { FieldsProps } from './destination_fields';
import { ADDED_FIELDS, ENCODINGS, KINDS, linesAlwaysEnd, type DestinationValues } from './destination_values';

type ListName = { [K in keyof DestinationValues]: DestinationValues[K] extends string[] ? K : never }[keyof DestinationValues];

function Tags({ name, label, placeholder, description, values, set, errors }: FieldsProps & { name: ListName; label: string; placeholder?: string; description?: ReactNode }) {
  return (
    <TagsInput label={label} description={description} placeholder={values[name].length ? '' : placeholder} value={values[name]} error={errors[name]} onChange={(list) => set({ [name]: list })}
      splitChars={[',', ' ']} acceptValueOnBlur clearable={false} />
  );
}

interface FoldProps {
  title: string;
  hint: string;
  set: boolean;
  fault: boolean;
  children: ReactNode;
}

function Fold({ title, hint, set, fault, children }: FoldProps) {
  const [shown, setShown] = useState(set || fault);
  // A part with an error or a value is open; it never closes by itself.
  useEffect(() => {
    if (set || fault) setShown(true);
  }, [set, fault]);
  return (
    <details className="fold" open={shown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        <strong>{title}</strong> <span className="small dim">{hint}</span>
      </summary>
      <div className="form fold-body">{children}</div>
    </details>
  );
}

export function Choices(props: FieldsProps) {
  const { values, set, errors } = props;
  const of = (...names: (keyof DestinationValues)[]) => ({ set: names.some((name) => isSet(name)), fault: names.some((name) => errors[name]) });
  const isSet = (name: keyof DestinationValues) => (Array.isArray(values[name]) ? values[name].length > 0 : typeof values[name] === 'string' && values[name] !== '');
  return (
    <div>
      <Fold title="Kinds and filters" hint="Which events it receives" {...of('kinds', 'onlyFlags', 'neverFlags', 'onlyEvents', 'neverEvents', 'onlyContextKinds', 'neverContextKinds', 'sampleOneIn')}>
        <MultiSelect label="Kinds" description={<>If empty: all except index and summary. <DocsLink page="events">About kinds</DocsLink></>} placeholder={values.kinds.length ? '' : 'All except index and summary'} data={KINDS} value={values.kinds} error={errors.kinds}
          onChange={(kinds) => set({ kinds })} searchable hidePickedOptions />
        <Tags {...props} name="onlyFlags" label="Only these flags" placeholder="All flags" description="Flag keys. Evaluations of other flags are filtered out." />
        <Tags {...props} name="neverFlags" label="Never these flags" placeholder="None" />
        <Tags {...props} name="onlyEvents" label="Only these events" placeholder="All events" description="Keys of custom, click and pageview events." />
        <Tags {...props} name="neverEvents" label="Never these events" placeholder="None" />
        <Tags {...props} name="onlyContextKinds" label="Only these context kinds" placeholder="All kinds" description="Such as user or organization." />
        <Tags {...props} name="neverContextKinds" label="Never these context kinds" placeholder="None" />
        <TextInput label="Keep one event in" description="1 keeps all events. 10 keeps one in ten and sets samplingRatio in each." inputMode="numeric" placeholder="1" value={values.sampleOneIn} error={errors.sampleOneIn} onChange={(event) => set({ sampleOneIn: event.currentTarget.value })} />
      </Fold>
      <Fold title="Privacy" hint="What it must not receive" {...of('dropAttributes', 'hashAttributes', 'hashKeysOf', 'hashSecret')}>
        <Tags {...props} name="dropAttributes" label="Attributes to drop" placeholder="email" description="References to context attributes, such as email or /address/street." />
        <Tags {...props} name="hashAttributes" label="Attributes to hash" placeholder="ip" description="Equal values get equal hashes, so events can still be joined." />
        <Tags {...props} name="hashKeysOf" label="Context kinds whose keys are hashed" placeholder="user" description="* for all." />
        <PasswordInput label="Hash secret" description="16 characters or more. Required for hashing. Not saved in drafts." value={values.hashSecret} error={errors.hashSecret} onChange={(event) => set({ hashSecret: event.currentTarget.value })} autoComplete="off" />
      </Fold>
      <Fold title="Details" hint="Encoding, added fields, start position, endpoints" set={of('addFields', 'endpoint', 'stsEndpoint').set || values.encoding !== 'json'} fault={of('addFields', 'encoding', 'endpoint', 'stsEndpoint').fault}>
        <Select label="Encoding" description={<>{ENCODINGS.find(({ value }) => value === values.encoding)?.consumers} <DocsLink page="encodings">About encodings</DocsLink></>} allowDeselect={false}
          value={values.encoding} error={errors.encoding} onChange={(encoding) => encoding && set({ encoding })} data={ENCODINGS.map(({ value, label }) => ({ value, label }))} />
        <MultiSelect label="Added fields" description="In addition to version, in every record." placeholder={values.addFields.length ? '' : 'None'} data={ADDED_FIELDS} value={values.addFields} error={errors.addFields} onChange={(addFields) => set({ addFields })} hidePickedOptions />
        <Select label="Start with" allowDeselect={false} value={values.start} error={errors.start} onChange={(start) => start && set({ start })}
          data={[{ value: 'now', label: 'Events from now on' }, { value: 'oldest', label: 'The oldest events in the journal' }]} />
        <Switch label="A newline after each event" description={linesAlwaysEnd(values.encoding) ? 'Always, with this encoding.' : 'So that Firehose writes one event per line.'} checked={values.newline || linesAlwaysEnd(values.encoding)} disabled={linesAlwaysEnd(values.encoding)} onChange={(event) => set({ newline: event.currentTarget.checked })} />
        <TextInput label="Kinesis endpoint" description="Only for a VPC endpoint or a simulator." placeholder="AWS's own" value={values.endpoint} error={errors.endpoint} onChange={(event) => set({ endpoint: event.currentTarget.value })} />
        <TextInput label="STS endpoint" placeholder="AWS's own" value={values.stsEndpoint} error={errors.stsEndpoint} onChange={(event) => set({ stsEndpoint: event.currentTarget.value })} />
      </Fold>
    </div>
  );
}
