// The documentation, with search.
import { TextInput } from '@mantine/core';
import { useEffect, useMemo, useRef, type MouseEvent } from 'react';
import { docs, type DocsText } from '../docs_text';
import { renderMarkdown } from '../format/markdown';
import { Icon } from '../parts/icons';
import { Empty } from '../parts/loading';
import { go, goQuery, Link, usePlace } from '../router';

const known = new Set(docs.map((page) => page.name));
const AROUND = 70;

interface Hit {
  page: DocsText;
  excerpt: string;
}

function search(text: string): Hit[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return docs.flatMap((page) => {
    const lower = page.text.toLowerCase();
    if (!words.every((word) => lower.includes(word))) return [];
    const at = lower.indexOf(words[0]!);
    const excerpt = page.text.slice(Math.max(at - AROUND, 0), at + AROUND * 2).replace(/\s+/g, ' ');
    return [{ page, excerpt: `… ${excerpt} …` }];
  });
}

export default function DocsPage({ page: name }: { page?: string | undefined }) {
  const { query } = usePlace();
  const text = query.get('q') ?? '';
  const page = docs.find((each) => each.name === name) ?? (name ? undefined : docs[0]);
  const hits = useMemo(() => (text.trim() ? search(text) : null), [text]);
  useEffect(() => {
    document.title = `${hits ? 'Search' : (page?.title ?? 'Documentation')} – Sluice`;
  }, [page, hits]);
  return (
    <main className="page" id="page" tabIndex={-1}>
      <div className="docs">
        <nav aria-label="Documentation">
          <TextInput type="search" aria-label="Search the documentation" placeholder="Search" leftSection={<Icon name="search" size={15} />} value={text} onChange={(event) => goQuery({ q: event.currentTarget.value }, { replace: true })} />
          <ul>
            {docs.map((each) => (
              <li key={each.name}><Link to={`/docs/${each.name}`} {...(each === page && !hits && { 'aria-current': 'page' as const })}>{each.title}</Link></li>
            ))}
            <li><a href="/api/docs">REST API reference</a></li>
          </ul>
        </nav>
        {hits ? <Hits hits={hits} text={text} /> : page ? <Text page={page} /> : <Empty icon="docs" title="Page not found" action={<Link to="/docs">All pages</Link>} />}
      </div>
    </main>
  );
}

function Hits({ hits, text }: { hits: Hit[]; text: string }) {
  return (
    <div>
      <h1 style={{ marginBottom: 14 }}>{hits.length ? `${hits.length} ${hits.length === 1 ? 'page' : 'pages'} with “${text}”` : `No results for “${text}”`}</h1>
      {hits.map(({ page, excerpt }) => (
        <p key={page.name}><Link to={`/docs/${page.name}`}><b>{page.title}</b></Link><br /><span className="small dim">{excerpt}</span></p>
      ))}
      {hits.length === 0 && <p className="dim">Try another word, or browse the pages at the side.</p>}
    </div>
  );
}

function Text({ page }: { page: DocsText }) {
  const html = useMemo(() => renderMarkdown(page.text, known), [page]);
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    const anchor = decodeURIComponent(location.hash.slice(1));
    const heading = anchor && document.getElementById(anchor);
    if (heading) heading.scrollIntoView();
    else scrollTo(0, 0);
  }, [html]);
  const follow = (event: MouseEvent) => {
    const link = (event.target as Element).closest('a');
    const href = link?.getAttribute('href') ?? '';
    if (!href.startsWith('/console/') || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(href.slice('/console'.length));
    const anchor = href.split('#')[1];
    if (anchor) document.getElementById(decodeURIComponent(anchor))?.scrollIntoView();
  };
  // The renderer escapes HTML in the text.
  return <article ref={box} className="markdown" onClick={follow} dangerouslySetInnerHTML={{ __html: html }} />;
}
