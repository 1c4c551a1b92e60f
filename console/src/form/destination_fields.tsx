// The fields of a destination: its stream and the role.
import { ActionIcon, Select, Switch, TextInput } from '@mantine/core';
import { server } from '../api/calls';
import { useLoad } from '../api/use_load';
import { Icon } from '../parts/icons';
import { newExternalId, regionOfArn, type DestinationValues } from './destination_values';
import { groupedRegions } from './regions';

export interface FieldsProps {
  values: DestinationValues;
  set: (change: Partial<DestinationValues>) => void;
  errors: Partial<Record<keyof DestinationValues, string>>;
}

export function NameField({ values, set, errors }: FieldsProps) {
  return (
    <TextInput label="Name" description="Optional. Shown in lists." placeholder={values.stream.split('/').at(-1) || 'Amazon Kinesis'} value={values.name} error={errors.name}
      onChange={(event) => set({ name: event.currentTarget.value })} data-autofocus />
  );
}

export function StreamFields({ values, set, errors }: FieldsProps) {
  return (
    <>
      <RegionField values={values} set={set} errors={errors} />
      <TextInput label="Stream name or ARN" required withAsterisk description="The Kinesis data stream that receives the events." placeholder="flags" value={values.stream} error={errors.stream}
        onChange={(event) => {
          const stream = event.currentTarget.value;
          const region = regionOfArn(stream);
          set({ stream, ...(region && { region }) });
        }} />
      <TextInput label="Role ARN" description="The role that Sluice assumes to write to the stream. If empty, Sluice uses its own identity." placeholder="arn:aws:iam::123456789012:role/sluice-export"
        value={values.roleArn} error={errors.roleArn} onChange={(event) => set({ roleArn: event.currentTarget.value })} />
      <TextInput label="External id" description="Required by the role's trust policy; stops others from using your role through Sluice. Not a secret."
        value={values.externalId} error={errors.externalId} onChange={(event) => set({ externalId: event.currentTarget.value })}
        rightSection={
          <ActionIcon variant="subtle" color="gray" c="var(--mantine-color-dimmed)" aria-label="Generate a new external id" title="Generate a new external id" onClick={() => set({ externalId: newExternalId() })}>
            <Icon name="reset" size={16} />
          </ActionIcon>
        } />
    </>
  );
}

function RegionField({ values, set, errors }: FieldsProps) {
  const { data, error } = useLoad(server.regions);
  if (!data && error)
    return (
      <TextInput label="Region" required withAsterisk placeholder="us-east-1" value={values.region} error={errors.region} onChange={(event) => set({ region: event.currentTarget.value })} />
    );
  const regions = data?.items ?? [];
  // Keeps a region that is newer than the server's list.
  const extra = values.region && !regions.some(({ name }) => name === values.region) ? [{ name: values.region, partition: 'Other' }] : [];
  return (
    <Select label="Region" required withAsterisk searchable clearable placeholder="us-east-1" data={groupedRegions([...extra, ...regions])} value={values.region || null} error={errors.region} maxDropdownHeight={320}
      nothingFoundMessage="No region matches." clearButtonProps={{ 'aria-label': 'Clear the region' }} onChange={(region) => set({ region: region ?? '' })} />
  );
}

export function OnField({ values, set }: FieldsProps) {
  return (
    <Switch label="On" description={values.on ? 'New events are delivered.' : 'Off: new events stay in the journal until its retention time is over.'} checked={values.on}
      onChange={(event) => set({ on: event.currentTarget.checked })} />
  );
}
