// The project's documentation, bundled at build time. Loaded only with the documentation's page.
const files = import.meta.glob<string>(['../../docs/*.md', '../../docs/destinations/*.md'], { query: '?raw', import: 'default', eager: true });

export interface DocsText {
  name: string;
  title: string;
  text: string;
}

const FIRST = ['delivery', 'sdk-protocol', 'relay', 'events', 'encodings', 'launchdarkly-events', 's3', 'webhook', 'aws-credentials', 'states-and-remedies', 'configuration', 'rest-api', 'operating'];

function place(name: string): number {
  const index = FIRST.indexOf(name);
  return index < 0 ? FIRST.length : index;
}

export const docs: DocsText[] = Object.entries(files)
  .map(([path, raw]) => {
    // Comments are for the project's own tools.
    const text = raw.replace(/<!--[\s\S]*?-->\n?/g, '');
    const name = path.split('/').at(-1)!.replace(/\.md$/, '');
    return { name, title: /^# (.+)$/m.exec(text)?.[1] ?? name, text };
  })
  .sort((one, other) => place(one.name) - place(other.name) || one.title.localeCompare(other.title));
