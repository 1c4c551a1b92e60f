// A page's header: title, purpose, link to the documentation.
import { useEffect, type ReactNode } from 'react';
import { Link } from '../router';

interface Props {
  title: string;
  lead?: ReactNode;
  crumbs?: ReactNode;
  docs?: string;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, lead, crumbs, docs, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} – Sluice`;
  }, [title]);
  return (
    <main className="page" id="page" tabIndex={-1}>
      <header>
        <div className="words">
          {crumbs && <div className="crumbs">{crumbs}</div>}
          <h1>{title}</h1>
          {(lead || docs) && (
            <p className="lead">
              {lead} {docs && <Link to={`/docs/${docs}`}>Read more</Link>}
            </p>
          )}
        </div>
        {actions}
      </header>
      {children}
    </main>
  );
}

export function Section({ title, actions, children, id }: { title: string; actions?: ReactNode; children: ReactNode; id?: string }) {
  return (
    <section className="section" {...(id && { id })}>
      <div className="section-head">
        <h2>{title}</h2>
        <span className="space" />
        {actions}
      </div>
      {children}
    </section>
  );
}
