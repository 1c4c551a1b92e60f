// Prometheus text, as far as tests need it.

// Every sample of one scrape; `value` adds up those of a name whose labels match.
export function parseMetrics(text) {
  const samples = [];
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) continue;
    const labels = Object.fromEntries(
      [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]),
    );
    samples.push({ name: match[1], labels, value: Number(match[3]) });
  }
  return {
    samples,
    value(name, labels = {}) {
      const matching = samples.filter(
        (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
      );
      if (matching.length === 0) throw new Error(`no sample of ${name} ${JSON.stringify(labels)}`);
      return matching.reduce((sum, sample) => sum + sample.value, 0);
    },
  };
}
