// The differences between two texts, line by line.
export interface DiffLine {
  text: string;
  change: 'same' | 'removed' | 'added';
}

// Longest common subsequence: for documents of some hundred lines.
export function diffLines(before: string[], after: string[]): DiffLine[] {
  const rows = before.length;
  const columns = after.length;
  const length = Array.from({ length: rows + 1 }, () => new Uint16Array(columns + 1));
  for (let i = rows - 1; i >= 0; --i)
    for (let j = columns - 1; j >= 0; --j)
      length[i]![j] = before[i] === after[j] ? length[i + 1]![j + 1]! + 1 : Math.max(length[i + 1]![j]!, length[i]![j + 1]!);
  const out: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && before[i] === after[j]) {
      out.push({ text: before[i]!, change: 'same' });
      ++i;
      ++j;
    } else if (i < rows && (j >= columns || length[i + 1]![j]! >= length[i]![j + 1]!)) out.push({ text: before[i++]!, change: 'removed' });
    else out.push({ text: after[j++]!, change: 'added' });
  }
  return out;
}

// Without what differs in every version.
export function linesOf(version: unknown): string[] {
  if (version === undefined || version === null) return [];
  const shown = typeof version === 'object' && !Array.isArray(version) ? Object.fromEntries(Object.entries(version).filter(([name]) => name !== '_links' && name !== '_access')) : version;
  return JSON.stringify(shown, null, 2).split('\n').map((line) => line.replace(/,$/, ''));
}
