// The flags of an environment, and which of them are exported in full.
import { Button, Select, TextInput } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { memo, useCallback, useDeferredValue, useEffect, useState } from 'react';
import { flags as calls } from '../api/calls';
import { ApiError, messageOf } from '../api/http';
import { useSession } from '../api/session';
import type { Environment, Flag, FlagEnvironment, Project } from '../api/types';
import { useAction } from '../api/use_action';
import { useFlagPages } from '../api/use_flag_pages';
import { usePlaceChoice } from '../api/use_place_choice';
import { counted, grouped, short } from '../format/numbers';
import { Callout, Fault } from '../parts/callout';
import { Icon } from '../parts/icons';
import { Empty, Loading } from '../parts/loading';
import { Page } from '../parts/page';
import { PlacePicker, WithPlace } from '../parts/place_picker';
import { RowCheckbox, RowSwitch } from '../parts/row_controls';
import { Time } from '../parts/time';
import { notify } from '../parts/toasts';
import { WindowRows } from '../parts/window_rows';
import { goQuery, Link, usePlace } from '../router';
import { FlagChoice } from './flag_choice';

const SORTS = [
  { value: 'key', label: 'By key' },
  { value: '-evaluations', label: 'Most evaluations first' },
  { value: '-lastSeen', label: 'Most recently seen first' },
];
const WIDE = '26px minmax(180px,2.4fr) minmax(180px,2fr) 96px 92px 190px';
const NARROW = '26px minmax(0,1fr) minmax(0,1fr)';

export default function FlagsPage() {
  const choice = usePlaceChoice('flags');
  return (
    <Page title="Flags" lead="Every flag that events named or that the flag source has, and whether its evaluations are sent to data export destinations in full." docs="events" actions={<PlacePicker choice={choice} />}>
      <WithPlace choice={choice}>
        {(project, environment) => <FlagList key={environment._id} project={project} environment={environment} changed={choice.projects.reload} />}
      </WithPlace>
    </Page>
  );
}

function FlagList({ project, environment, changed }: { project: Project; environment: Environment; changed: () => void }) {
  const { query } = usePlace();
  const { mayWrite } = useSession();
  const typed = query.get('q') ?? '';
  const text = useDeferredValue(typed);
  const sort = query.get('sort') ?? 'key';
  const pages = useFlagPages(project.key, environment.key, text, sort);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [wanted, setWanted] = useState<Record<string, boolean>>({});
  const narrow = useMediaQuery('(max-width: 820px)', window.innerWidth <= 820, { getInitialValueInEffect: false });
  useEffect(() => setSelected(new Set()), [text]);

  const { refresh } = pages;
  const sent = environment.featureEvents === 'as sent';
  const flip = useCallback(async (keys: string[], on: boolean) => {
    const state = Object.fromEntries(keys.map((key) => [key, on]));
    setWanted((before) => ({ ...before, ...state }));
    try {
      if (keys.length === 1) await calls.switchOne(project.key, environment.key, keys[0]!, on);
      else await calls.switchMany(project.key, environment.key, keys, on);
      notify(keys.length === 1 ? `Detailed events of ${keys[0]} switched ${on ? 'on' : 'off'}.` : `Detailed events of ${counted(keys.length, 'flag')} switched ${on ? 'on' : 'off'}.`);
      setSelected(new Set());
      if (sent) changed();
    } catch (error) {
      setWanted((before) => Object.fromEntries(Object.entries(before).filter(([key]) => !keys.includes(key))));
      notify(`Nothing was changed. ${messageOf(error)}`);
    }
    refresh();
  }, [project.key, environment.key, sent, changed, refresh]);
  const many = useAction((on: boolean) => flip([...selected], on));
  const toggle = useCallback((key: string) =>
    setSelected((before) => {
      const next = new Set(before);
      if (!next.delete(key)) next.add(key);
      return next;
    }), []);

  if (pages.total === undefined) return pages.error ? <Fault error={pages.error} title="Could not load the flags." /> : <Loading what="flags" />;
  if (pages.total === 0 && !text)
    return (
      <>
        <FlagChoice project={project} environment={environment} changed={changed} mayWrite={mayWrite} />
        <div className="card section">
          <Empty icon="flags" title="No flags seen yet" action={<Link to={`/environments/${project.key}/${environment.key}`}>Set up SDKs</Link>}>
            A flag appears here when an event names it, or when the environment&apos;s flag source has it. Next: point your SDKs&apos; events address at Sluice.
          </Empty>
        </div>
      </>
    );
  return (
    <>
      <FlagChoice project={project} environment={environment} changed={() => { changed(); setWanted({}); pages.refresh(); }} mayWrite={mayWrite} />
      <div className="section-head section">
        <TextInput type="search" aria-label="Search flags" placeholder="Search flags" leftSection={<Icon name="search" size={16} />} value={typed} w={300} onChange={(event) => goQuery({ q: event.currentTarget.value }, { replace: true })} />
        <Select aria-label="Order" data={SORTS} value={sort} allowDeselect={false} w={210} onChange={(value) => goQuery({ sort: value === 'key' ? null : value }, { replace: true })} />
        <span className="small dim" role="status">{counted(pages.total, 'flag')}{text ? ` with “${text}”` : ''}</span>
        <span className="space" />
        {mayWrite && selected.size > 0 && (
          <span style={{ display: 'inline-flex', gap: 8, alignItems: 'center', flexWrap: 'wrap' }}>
            <b className="small">{counted(selected.size, 'flag')} selected</b>
            <Button size="xs" onClick={() => void many.run(true)} loading={many.running}>Send detailed events</Button>
            <Button size="xs" variant="default" onClick={() => void many.run(false)} loading={many.running}>Do not send</Button>
            <Button size="xs" variant="subtle" onClick={() => setSelected(new Set())}>Clear selection</Button>
          </span>
        )}
      </div>
      <OnlySummaries flags={pages.loaded.filter((flag) => flag.environments[environment.key]?.summaryOnly && (wanted[flag.key] ?? true))} environment={environment} project={project.key} />
      {pages.error && !(pages.error instanceof ApiError && pages.error.status === 0) ? <Fault error={pages.error} title="Some flags could not be loaded." /> : null}
      <div className="card flush">
        {pages.total === 0 ? (
          <Empty icon="search" title={`No results for “${text}”`} action={<Button variant="default" onClick={() => goQuery({ q: null })}>Clear search</Button>} />
        ) : (
          <WindowRows label="Flags" count={pages.total} rowHeight={narrow ? 132 : 58} columns={narrow ? NARROW : WIDE} onView={pages.view} rowKey={(index) => pages.flag(index)?.key ?? `#${index}`}
            head={['', 'Flag', 'Evaluations per variation', 'Evaluations', 'Last seen', 'Send detailed events'].map((name) => (
              <div key={name} role="columnheader">{name || <span className="unseen">Choose</span>}</div>
            ))}
            row={(index) => {
              const flag = pages.flag(index);
              return flag ? <FlagRow flag={flag} environment={environment.key} mayWrite={mayWrite} selected={selected.has(flag.key)} on={wanted[flag.key]} toggle={toggle} flip={flip} /> : <div role="cell" className="dim small" style={{ gridColumn: '2 / -1' }}>…</div>;
            }} />
        )}
      </div>
    </>
  );
}

function OnlySummaries({ flags, environment, project }: { flags: Flag[]; environment: Environment; project: string }) {
  const [first, ...more] = flags;
  if (!first) return null;
  return (
    <div style={{ marginBottom: 14 }}>
      <Callout tone="amber" title={<>Sluice exports <span className="mono">{first.key}</span>{more.length > 0 && ` and ${counted(more.length, 'more flag')}`}, but SDKs send only counters for {more.length > 0 ? 'them' : 'it'}.</>}>
        <p>
          To make them send each evaluation in full, <Link to={`/environments/${project}/${environment.key}`}>have SDKs take their flags through Sluice</Link>:
          then the switch below decides, for every flag. Or turn on “Send detailed events to data export destinations” of the flag in LaunchDarkly&apos;s environment {environment.name} as well.
          {' '}<Link to="/docs/events">Why, and other causes</Link>
        </p>
      </Callout>
    </div>
  );
}

interface RowProps {
  flag: Flag;
  environment: string;
  mayWrite: boolean;
  selected: boolean;
  on: boolean | undefined;
  toggle: (key: string) => void;
  flip: (keys: string[], on: boolean) => Promise<void>;
}

// Drawn again only when it changed: a row has two controls, and a step of scrolling should cost its new rows alone.
const FlagRow = memo(function FlagRow({ flag, environment, mayWrite, selected, on, toggle, flip }: RowProps) {
  const here = flag.environments[environment];
  const exported = on ?? here?.trackEvents ?? false;
  return (
    <>
      <div role="cell">{mayWrite && <RowCheckbox checked={selected} changed={() => toggle(flag.key)} label={`Select ${flag.key}`} />}</div>
      <div role="cell">
        <div className="cut" style={{ fontWeight: 600 }} title={flag.name}>{flag.name}</div>
        {flag.name !== flag.key && <div className="cut mono dim" title={flag.key}>{flag.key}</div>}
      </div>
      <div role="cell"><Variations flag={flag} environment={environment} /></div>
      <div role="cell" className="num small beside-checkbox" title={grouped(here?.evaluations ?? 0)}><span className="cell-label">Evaluations: </span>{short(here?.evaluations ?? 0)}</div>
      <div role="cell" className="small"><span className="cell-label">Last seen: </span><Time at={here?.lastSeen} /></div>
      <div role="cell" className="below-all">
        {mayWrite ? <RowSwitch checked={exported} changed={(now) => void flip([flag.key], now)} label={`Send detailed events of ${flag.key} to data export destinations`} /> : <span className="small">{exported ? 'Sent' : 'Not sent'}</span>}
        {exported && <InFull flag={here} switched={on !== undefined && on !== here?.trackEvents} />}
      </div>
    </>
  );
});

// What becomes of the switch at SDKs, in a word or three; the whole sentence on hover.
const IN_FULL: Record<string, string> = {
  inFull: 'SDKs send it in full',
  someSdks: 'In full by some SDKs',
  sourceAway: 'Flag source unavailable',
  asSent: 'As SDKs send it',
  noFlagSource: 'No flag source',
  noFlagsYet: 'Flag source has no flags yet',
  unknownFlag: 'Not in the flag source',
  unreadable: 'Delivered as it came',
  notYet: 'On its way to SDKs',
  noSdk: 'No SDK takes flags here',
};

function InFull({ flag, switched }: { flag: FlagEnvironment | undefined; switched: boolean }) {
  const full = flag?.inFull;
  if (full && !switched && full.sent) return <div className="small green cut" title={full.message}>{IN_FULL[full.code] ?? full.message}</div>;
  if (flag?.summaryOnly) return <div className="small amber cut" title={full?.message}>Only summaries received</div>;
  if (!full || switched || full.code === 'exportOff') return null;
  return <div className="small dim cut" title={full.message}>{IN_FULL[full.code] ?? full.message}</div>;
}

function Variations({ flag, environment }: { flag: Flag; environment: string }) {
  const counts = flag.environments[environment]?._summary?.variations;
  const total = Object.values(counts ?? {}).reduce((sum, each) => sum + each.evaluations, 0);
  const words = flag.variations.map((variation) => {
    const name = variation.name ?? (typeof variation.value === 'string' ? variation.value : JSON.stringify(variation.value));
    const count = counts?.[variation._id]?.evaluations;
    return { name, count, share: total && count !== undefined ? count / total : 0 };
  });
  if (words.length === 0) return <span className="small dim">no variations seen</span>;
  return (
    <div className="small" title={words.map(({ name, count }) => `${name}: ${count === undefined ? 'seen' : grouped(count)}`).join('\n')}>
      {total > 0 && (
        <div className="shares" aria-hidden="true">
          {words.map(({ name, share }, index) => <i key={`${name}${index}`} style={{ flexGrow: share, background: SHADES[index % SHADES.length] }} />)}
        </div>
      )}
      <div className="cut">{words.map(({ name, count }) => `${name}${count === undefined ? '' : ` ${short(count)}`}`).join(' · ')}</div>
    </div>
  );
}

const SHADES = ['var(--accent)', 'var(--blue)', 'var(--amber)', 'var(--green)', 'var(--red)'];

