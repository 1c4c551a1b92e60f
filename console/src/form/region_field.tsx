// An AWS region, from the server's list.
import { Select, TextInput } from '@mantine/core';
import { server } from '../api/calls';
import { useLoad } from '../api/use_load';
import type { FieldProps } from './form_field';
import { HelpText } from './help_text';
import { groupedRegions } from './regions';

export function RegionField({ field, value, error, set, left }: FieldProps) {
  const loaded = useLoad(server.regions);
  const region = String(value ?? '');
  const common = { label: field.label, description: <HelpText text={field.help} />, required: field.required, withAsterisk: field.required, placeholder: field.example ?? '', error, onBlur: left };
  if (!loaded.data && loaded.error) return <TextInput {...common} value={region} onChange={(event) => set(event.currentTarget.value)} />;
  const regions = loaded.data?.items ?? [];
  // Keeps a region that is newer than the server's list.
  const extra = region && !regions.some(({ name }) => name === region) ? [{ name: region, partition: 'Other' }] : [];
  return (
    <Select {...common} searchable clearable data={groupedRegions([...extra, ...regions])} value={region || null} maxDropdownHeight={320}
      nothingFoundMessage="No region matches." clearButtonProps={{ 'aria-label': `Clear ${field.label}` }} onChange={(name) => set(name ?? '')} />
  );
}
