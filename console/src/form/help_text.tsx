// The help of a field. A page of the documentation that it names becomes a link: "docs/encodings.md".
import { Fragment } from 'react';
import { DocsLink } from '../parts/callout';

export function HelpText({ text }: { text: string }) {
  const parts = text.split(/docs\/([\w-]+)\.md/);
  return <>{parts.map((part, index) => (index % 2 === 1 ? <DocsLink key={index} page={part}>{part.replaceAll('-', ' ')}</DocsLink> : <Fragment key={index}>{part}</Fragment>))}</>;
}
