// arn:aws:kinesis:eu-west-1:123456789012:stream/flags contains its region.
export function regionOfArn(stream: string): string {
  const parts = stream.trim().split(':');
  return parts[0] === 'arn' && parts[2] === 'kinesis' ? (parts[3] ?? '') : '';
}
