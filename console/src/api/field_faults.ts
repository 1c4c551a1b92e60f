// The server reports errors by field, all in one message: "config.region: It is missing. config.roleArn: …".
// This splits them, so that each is shown at its field.
export interface Faults {
  fields: Record<string, string>;
  // Errors that belong to no field of the form.
  rest: string;
}

export function faultsOf(message: string, known: readonly string[]): Faults {
  const names = known.map((name) => name.replace(/[.]/g, '\\.')).join('|');
  if (!names) return { fields: {}, rest: message };
  const start = new RegExp(`(?:^|\\s)(${names}): `, 'g');
  const found = [...message.matchAll(start)];
  const fields: Record<string, string> = {};
  found.forEach((match, index) => {
    const from = match.index + match[0].length;
    const text = message.slice(from, found[index + 1]?.index ?? message.length).trim();
    const name = match[1]!;
    fields[name] = fields[name] ? `${fields[name]} ${text}` : text;
  });
  return { fields, rest: message.slice(0, found[0]?.index ?? message.length).trim() };
}
