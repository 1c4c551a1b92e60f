// What people call AWS's partitions and regions. Which regions there are, the server says.
const PARTITIONS: Record<string, string> = {
  aws: 'AWS', 'aws-cn': 'AWS China', 'aws-us-gov': 'AWS GovCloud (US)', 'aws-iso': 'AWS ISO (US)', 'aws-iso-b': 'AWS ISOB (US)',
  'aws-iso-e': 'AWS ISOE (Europe)', 'aws-iso-f': 'AWS ISOF', 'aws-eusc': 'AWS European Sovereign Cloud',
};
const PLACES: Record<string, string> = {
  'us-east-1': 'N. Virginia', 'us-east-2': 'Ohio', 'us-west-1': 'N. California', 'us-west-2': 'Oregon', 'af-south-1': 'Cape Town', 'ap-east-1': 'Hong Kong',
  'ap-south-1': 'Mumbai', 'ap-south-2': 'Hyderabad', 'ap-southeast-1': 'Singapore', 'ap-southeast-2': 'Sydney', 'ap-southeast-3': 'Jakarta',
  'ap-southeast-4': 'Melbourne', 'ap-northeast-1': 'Tokyo', 'ap-northeast-2': 'Seoul', 'ap-northeast-3': 'Osaka', 'ca-central-1': 'Canada Central',
  'ca-west-1': 'Calgary', 'eu-central-1': 'Frankfurt', 'eu-central-2': 'Zurich', 'eu-west-1': 'Ireland', 'eu-west-2': 'London', 'eu-west-3': 'Paris',
  'eu-north-1': 'Stockholm', 'eu-south-1': 'Milan', 'eu-south-2': 'Spain', 'il-central-1': 'Tel Aviv', 'me-central-1': 'UAE', 'me-south-1': 'Bahrain',
  'mx-central-1': 'Mexico', 'sa-east-1': 'São Paulo', 'cn-north-1': 'Beijing', 'cn-northwest-1': 'Ningxia', 'us-gov-east-1': 'US-East', 'us-gov-west-1': 'US-West',
};

export function groupedRegions(regions: { name: string; partition: string }[]) {
  const groups = new Map<string, { value: string; label: string }[]>();
  for (const { name, partition } of regions) {
    const group = PARTITIONS[partition] ?? partition;
    const items = groups.get(group) ?? [];
    items.push({ value: name, label: PLACES[name] ? `${name} (${PLACES[name]})` : name });
    groups.set(group, items);
  }
  return [...groups].map(([group, items]) => ({ group, items }));
}
