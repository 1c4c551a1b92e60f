// Markdown to HTML. Raw HTML is disabled, so the output contains only tags created here.
import MarkdownIt from 'markdown-it';

export function anchorOf(heading: string): string {
  return heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
}

// Pages link each other as files; here they are pages of the console. Links to anything else become plain text.
function target(href: string, known: ReadonlySet<string>): string | null {
  if (/^https?:/.test(href) || href.startsWith('#')) return href;
  const [, name, anchor = ''] = /^(?:\.\/)?([\w-]+)\.md(#.*)?$/.exec(href) ?? [];
  return name && known.has(name) ? `/console/docs/${name}${anchor}` : null;
}

export function renderMarkdown(text: string, known: ReadonlySet<string>): string {
  const markdown = new MarkdownIt({ html: false, linkify: false });
  const { rules } = markdown.renderer;
  rules['heading_open'] = (tokens, index) => `<${tokens[index]!.tag} id="${anchorOf(tokens[index + 1]?.content ?? '')}">`;
  rules['fence'] = (tokens, index) => `<pre tabindex="0"><code>${markdown.utils.escapeHtml(tokens[index]!.content)}</code></pre>\n`;
  rules['table_open'] = () => '<table tabindex="0">';
  const open: boolean[] = [];
  rules['link_open'] = (tokens, index) => {
    const href = target(String(tokens[index]!.attrGet('href') ?? ''), known);
    open.push(href !== null);
    if (href === null) return '';
    const outside = /^https?:/.test(href) ? ' rel="noreferrer" target="_blank"' : '';
    return `<a href="${markdown.utils.escapeHtml(href)}"${outside}>`;
  };
  rules['link_close'] = () => (open.pop() ? '</a>' : '');
  rules['image'] = (tokens, index) => markdown.utils.escapeHtml(tokens[index]!.content);
  // An empty table heading is no heading to a screen reader.
  return markdown.render(text).replace(/<th([^>]*)><\/th>/g, '<td$1></td>');
}
