// Regions as the server lists them, grouped by AWS partition.
const PARTITIONS: Record<string, string> = {
  aws: 'AWS', 'aws-cn': 'AWS China', 'aws-us-gov': 'AWS GovCloud (US)', 'aws-iso': 'AWS ISO (US)', 'aws-iso-b': 'AWS ISOB (US)',
  'aws-iso-e': 'AWS ISOE (Europe)', 'aws-iso-f': 'AWS ISOF', 'aws-eusc': 'AWS European Sovereign Cloud',
};

export interface Region {
  name: string;
  partition: string;
  description?: string;
}

export function groupedRegions(regions: Region[]) {
  const groups = new Map<string, { value: string; label: string }[]>();
  for (const { name, partition, description } of regions) {
    const group = PARTITIONS[partition] ?? partition;
    const items = groups.get(group) ?? [];
    items.push({ value: name, label: description ? `${name}: ${description}` : name });
    groups.set(group, items);
  }
  return [...groups].map(([group, items]) => ({ group, items }));
}
