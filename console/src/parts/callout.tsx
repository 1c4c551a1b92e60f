// A message box: what happened, and what to do.
import type { ReactNode } from 'react';
import { Link } from '../router';
import { messageOf } from '../api/http';
import type { Problem } from '../api/types';
import { counted } from '../format/numbers';
import { Time } from './time';

export function Callout({ tone = 'grey', title, children, live = false }: { tone?: 'red' | 'amber' | 'green' | 'blue' | 'grey'; title?: ReactNode; children?: ReactNode; live?: boolean }) {
  return (
    <div className={`callout ${tone}`} {...(live && { role: tone === 'red' ? 'alert' : 'status' })}>
      {title && <strong>{title}</strong>}
      {children}
    </div>
  );
}

export function Fault({ error, title = 'The action failed.' }: { error: unknown; title?: string }) {
  if (!error) return null;
  return (
    <Callout tone="red" title={title} live>
      <p>{messageOf(error)}</p>
    </Callout>
  );
}

export function ProblemBox({ problem, tone = 'red' }: { problem: Problem; tone?: 'red' | 'amber' | 'blue' }) {
  return (
    <Callout tone={tone} title={problem.message}>
      {problem.remedy && <p style={{ whiteSpace: 'pre-wrap' }}>{problem.remedy}</p>}
      {problem.code && (
        <p className="small dim">
          <span className="mono">{problem.code}</span>
          {problem.requestId && <> · request id <span className="mono">{problem.requestId}</span></>}
          {problem.since && <> · since <Time at={problem.since} /></>}
          {problem.times !== undefined && problem.times > 1 && <> · {counted(problem.times, 'time')}</>}
          {problem.nextTry && <> · next try <Time at={problem.nextTry} /></>}
        </p>
      )}
    </Callout>
  );
}

export function DocsLink({ page, children }: { page: string; children: ReactNode }) {
  return <Link to={`/docs/${page}`}>{children}</Link>;
}
