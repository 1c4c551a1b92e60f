// Who changed what, with before and after.
import { Button, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useCallback, useEffect, useState } from 'react';
import { audit } from '../api/calls';
import { ApiError } from '../api/http';
import type { AuditEntry } from '../api/types';
import { useAction } from '../api/use_action';
import { useLoad } from '../api/use_load';
import { diffLines, linesOf } from '../format/diff';
import { Fault } from '../parts/callout';
import { Icon } from '../parts/icons';
import { Empty, Shown, Loading } from '../parts/loading';
import { Page } from '../parts/page';
import { Time } from '../parts/time';
import { goQuery, usePlace } from '../router';

const PAGE = 20;

export default function AuditPage() {
  const { query } = usePlace();
  const typed = query.get('q') ?? '';
  const [text] = useDebouncedValue(typed, 150);
  const load = useCallback((signal: AbortSignal) => audit.list(text ? { q: text } : {}, signal), [text]);
  const first = useLoad(load, { everyMs: 10_000 });
  const [older, setOlder] = useState<AuditEntry[]>([]);
  const [end, setEnd] = useState(false);
  useEffect(() => {
    setOlder([]);
    setEnd(false);
  }, [text]);
  const items = first.data?.items ?? [];
  const seen = new Set(items.map((entry) => entry._id));
  const all = [...items, ...older.filter((entry) => !seen.has(entry._id))];
  const more = useAction(async () => {
    // Several changes can have the same millisecond, on both sides of a page's end: entries of that millisecond are requested again.
    const page = await audit.list({ ...(text && { q: text }), before: all[all.length - 1]!.date + 1 });
    setOlder((before) => {
      const known = new Set(before.map((entry) => entry._id));
      return [...before, ...page.items.filter((entry) => !known.has(entry._id))];
    });
    setEnd(page.items.length < PAGE);
  });
  return (
    <Page title="Audit log" lead="All changes, newest first." docs="rest-api">
      <TextInput type="search" aria-label="Search the audit log" placeholder="Search the audit log" leftSection={<Icon name="search" size={16} />} value={typed} maw={420} mb="md" onChange={(event) => goQuery({ q: event.currentTarget.value }, { replace: true })} />
      <div className="card flush">
        <Shown loaded={first} what="the audit log">
          {() => all.length === 0 ? (
            text ? <Empty icon="search" title={`No results for “${text}”`} /> : <Empty icon="audit" title="No changes yet">Every change to an environment, destination, flag or token appears here, with its author.</Empty>
          ) : (
            <div className="entries">{all.map((entry) => <Entry key={entry._id} entry={entry} />)}</div>
          )}
        </Shown>
      </div>
      <Fault error={more.error} />
      {all.length >= PAGE && !end && <Button mt="md" variant="default" loading={more.running} onClick={() => void more.run()}>Show older entries</Button>}
    </Page>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span style={{ flex: '1 1 260px', minWidth: 0, overflowWrap: 'anywhere' }}>{entry.title}{entry.comment && <span className="dim"> “{entry.comment}”</span>}</span>
        <span className="small dim mono">{entry.accesses[0]?.action}</span>
        <span className="small"><Time at={entry.date} /></span>
      </summary>
      {open && <EntryDetails entry={entry} />}
    </details>
  );
}

function EntryDetails({ entry }: { entry: AuditEntry }) {
  const inList = entry.previousVersion !== undefined || entry.currentVersion !== undefined;
  const loaded = useLoad(useCallback((signal: AbortSignal) => audit.get(entry._id, signal), [entry._id]), { when: !inList });
  const older = loaded.error instanceof ApiError;
  if (!inList && !loaded.data && !older) return <Loading what="before and after" />;
  const shown = loaded.data ?? entry;
  const lines = diffLines(linesOf(shown.previousVersion), linesOf(shown.currentVersion));
  return (
    <div className="entry-body">
      <p className="small dim" style={{ margin: '0 0 8px' }}>By the token <b>{entry.member?.name ?? 'unknown'}</b> · <span className="mono">{entry.accesses[0]?.resource}</span></p>
      {lines.length === 0 ? <p className="small dim" style={{ margin: 0 }}>This entry has no before and after.</p> : (
        <pre className="diff" tabIndex={0} role="region" aria-label="Before and after">
          {lines.map((line, index) => (
            <span key={index} className={line.change}>
              {line.change === 'removed' ? '− ' : line.change === 'added' ? '+ ' : '  '}
              {line.text}
              {line.change !== 'same' && <span className="unseen">{line.change === 'removed' ? ' (removed)' : ' (added)'}</span>}
            </span>
          ))}
        </pre>
      )}
    </div>
  );
}
