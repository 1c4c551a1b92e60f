// The list of destinations. Scrolls smoothly with thousands of rows.
import { ActionIcon } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useCallback, useEffect, useState } from 'react';
import { destinations } from '../api/calls';
import { messageOf } from '../api/http';
import { useKind } from '../api/kinds';
import type { DestinationLine } from '../api/types';
import { bytes } from '../format/bytes';
import { duration } from '../format/durations';
import { counted, rate, short } from '../format/numbers';
import { Icon, KindMark } from '../parts/icons';
import { RowSwitch } from '../parts/row_controls';
import { State } from '../parts/state';
import { Time } from '../parts/time';
import { notify } from '../parts/toasts';
import { WindowRows } from '../parts/window_rows';
import { goQuery, Link, pathTo } from '../router';

const WIDE = 'minmax(170px,2.2fr) minmax(110px,1.3fr) 50px 104px 84px 104px 92px 36px';
const NARROW = 'minmax(0,1fr) minmax(0,1fr)';

export function DestinationRows({ lines, mayWrite, changed }: { lines: DestinationLine[]; mayWrite: boolean; changed: () => void }) {
  const narrow = useMediaQuery('(max-width: 820px)', window.innerWidth <= 820, { getInitialValueInEffect: false });
  const [wanted, setWanted] = useState<Record<string, boolean>>({});
  // A switch shows what was clicked until the server confirms it.
  useEffect(() => {
    setWanted((before) => {
      const open = Object.entries(before).filter(([id, on]) => lines.some((line) => line.id === id && line.on !== on));
      return open.length === Object.keys(before).length ? before : Object.fromEntries(open);
    });
  }, [lines]);

  const flip = useCallback(
    async (line: DestinationLine, on: boolean) => {
      setWanted((before) => ({ ...before, [line.id]: on }));
      try {
        await destinations.change(line, { on });
        notify(`“${line.name}” switched ${on ? 'on' : 'off'}.`);
        changed();
      } catch (error) {
        setWanted((before) => Object.fromEntries(Object.entries(before).filter(([id]) => id !== line.id)));
        notify(`“${line.name}” was not changed. ${messageOf(error)}`);
      }
    },
    [changed],
  );

  return (
    <WindowRows label="Your data export destinations" count={lines.length} rowHeight={narrow ? 152 : 62} columns={narrow ? NARROW : WIDE} rowKey={(index) => lines[index]!.id}
      head={['Name', 'Environment', 'On', 'State', 'Rate', 'Backlog', 'Last success', ''].map((name) => (
        <div key={name} role="columnheader">{name || <span className="unseen">Edit</span>}</div>
      ))}
      row={(index) => <Row line={lines[index]!} on={wanted[lines[index]!.id] ?? lines[index]!.on} mayWrite={mayWrite} flip={flip} />} />
  );
}

function Row({ line, on, mayWrite, flip }: { line: DestinationLine; on: boolean; mayWrite: boolean; flip: (line: DestinationLine, on: boolean) => Promise<void> }) {
  const kind = useKind(line.kind);
  const title = kind?.title ?? line.kind;
  return (
    <>
      <div role="cell" className="with-mark">
        <span title={title}><KindMark icon={kind?.icon ?? ''} size={30} /><span className="unseen">{title}</span></span>
        <div>
          <Link className="row-link cut" style={{ display: 'block' }} to={pathTo('destinations', line.project, line.environment, line.id)} title={line.name}>{line.name}</Link>
          <div className="small dim cut" title={`${title}: ${line.target}`}>{line.target}</div>
        </div>
      </div>
      <div role="cell" className="cut small" title={`${line.project} / ${line.environment}`}>{line.project} / {line.environment}</div>
      <div role="cell">
        {mayWrite ? <RowSwitch checked={on} changed={(now) => void flip(line, now)} label={`${line.name} is on`} /> : <span className="small">{on ? 'On' : 'Off'}</span>}
      </div>
      <div role="cell"><State state={line.state} title={line.summary} /></div>
      <div role="cell" className="num small"><span className="cell-label">Rate: </span>{rate(line.deliveredPerSecond)}/s</div>
      <div role="cell" className="num small" title={`${counted(line.backlog.events, 'event')}, ${bytes(line.backlog.bytes)}${line.backlog.events ? `, oldest ${duration(line.backlog.oldestAgeMs)}` : ''}`}>
        <span className="cell-label">Backlog: </span>
        {line.backlog.events === 0 ? <span className="dim">none</span> : <>{short(line.backlog.events)} <span className="dim">({bytes(line.backlog.bytes)})</span></>}
      </div>
      <div role="cell" className="small"><span className="cell-label">Last success: </span><Time at={line.lastDelivery} /></div>
      <div role="cell">
        {mayWrite && (
          <ActionIcon variant="subtle" color="gray" c="var(--mantine-color-dimmed)" aria-label={`Edit ${line.name}`} title="Edit" onClick={() => goQuery({ edit: [line.project, line.environment, line.id].join('/') })}>
            <Icon name="edit" />
          </ActionIcon>
        )}
      </div>
    </>
  );
}
