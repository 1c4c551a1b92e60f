import { expect, it } from 'vitest';
import { anchorOf, renderMarkdown } from './markdown';

const known = new Set(['events']);
const html = (text: string) => renderMarkdown(text, known).trim();

it('lets no HTML through', () => expect(html('<script>x</script> <b onclick=1>')).toBe('<p>&lt;script&gt;x&lt;/script&gt; &lt;b onclick=1&gt;</p>'));
it('allows no script in a link', () => expect(html('[x](javascript:alert(1))')).not.toContain('href'));
it('turns links between pages into console links', () => {
  expect(html('[e](events.md#record)')).toBe('<p><a href="/console/docs/events#record">e</a></p>');
  expect(html('[r](../README.md) [s](schema/record.schema.json)')).toBe('<p>r s</p>');
});
it('gives headings the anchors that pages link to', () => {
  expect(anchorOf('Which evaluations are exported')).toBe('which-evaluations-are-exported');
  expect(html('## What a destination may choose')).toBe('<h2 id="what-a-destination-may-choose">What a destination may choose</h2>');
});
it('escapes code', () => expect(html('```\n<a>\n```')).toContain('&lt;a&gt;'));
