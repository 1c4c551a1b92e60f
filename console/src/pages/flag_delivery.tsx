// Where an environment's flags come from, and how that is doing.
import { Button } from '@mantine/core';
import { useCallback, useState } from 'react';
import { environments } from '../api/calls';
import type { Evaluations, FlagFeed, FlagSourceStatus } from '../api/flag_delivery_types';
import type { Environment } from '../api/types';
import { useLoad } from '../api/use_load';
import { FlagSourceForm } from '../form/flag_source_form';
import { counted, grouped } from '../format/numbers';
import { Callout, DocsLink, ProblemBox } from '../parts/callout';
import { Icon } from '../parts/icons';
import { Empty, Shown } from '../parts/loading';
import { Section } from '../parts/page';
import { Time } from '../parts/time';
import { Link } from '../router';

interface Props {
  project: string;
  environment: Environment;
  mayWrite: boolean;
  changed: () => void;
}

const REFRESH_MS = 3_000;

export function FlagDelivery({ project, environment, mayWrite, changed }: Props) {
  const [editing, setEditing] = useState(false);
  const { key } = environment;
  const load = useCallback((signal: AbortSignal) => environments.flagSource(project, key, signal), [project, key]);
  const loaded = useLoad(load, { everyMs: REFRESH_MS });
  const edit = mayWrite && !editing && (
    <Button size="sm" variant="default" leftSection={<Icon name="edit" size={16} />} onClick={() => setEditing(true)}>
      {environment.flagSource === 'none' ? 'Set flag source' : 'Change flag source'}
    </Button>
  );
  return (
    <Section title="Flag source" actions={environment.flagSource !== 'none' && edit}>
      <div className="card" role="region" aria-label="Flag source">
        {editing ? (
          <FlagSourceForm project={project} environment={environment} close={() => setEditing(false)} saved={() => { setEditing(false); changed(); loaded.reload(); }} />
        ) : (
          <Shown loaded={loaded} what="the flag source">
            {(status) => status.flagSource === 'none' ? (
              <Empty icon="flags" title="SDKs take their flags elsewhere" action={edit}>
                Flags whose tracking is off in LaunchDarkly arrive as counters. If SDKs take their flags through Sluice, the switch of a flag here decides whether they send it in full.
                {' '}<DocsLink page="relay">How it works</DocsLink>
              </Empty>
            ) : (
              <Status status={status} environment={environment} project={project} />
            )}
          </Shown>
        )}
      </div>
    </Section>
  );
}

const STATES: Record<FlagFeed['state'], { colour: string; word: string }> = {
  following: { colour: 'green', word: 'Following' },
  behind: { colour: 'amber', word: 'Unavailable: SDKs get the last flags' },
  connecting: { colour: 'blue', word: 'Connecting' },
  'no flags': { colour: 'red', word: 'Unavailable: SDKs get no flags' },
};

function Status({ status, environment, project }: { status: FlagSourceStatus; environment: Environment; project: string }) {
  return (
    <div className="form">
      {environment.featureEvents === 'as sent' && (
        <Callout tone="amber" title="Sluice changes no flag yet.">
          <p>This environment exports evaluations as SDKs send them. <Link to={`/flags/${project}/${environment.key}`}>Select flags</Link> to have their switches decide.</p>
        </Callout>
      )}
      {status.feeds.map((feed) => <Feed key={feed.filter} feed={feed} status={status} />)}
      {status.evaluations && <ForApps evaluations={status.evaluations} address={status.clientBaseUri ?? ''} />}
    </div>
  );
}

const EVALUATIONS: Record<Evaluations['state'], { colour: string; word: string }> = {
  'not asked': { colour: 'blue', word: 'No app has asked yet' },
  answering: { colour: 'green', word: 'Answering' },
  failing: { colour: 'red', word: 'Failing: apps and pages get no flags' },
};

function ForApps({ evaluations, address }: { evaluations: Evaluations; address: string }) {
  const { colour, word } = EVALUATIONS[evaluations.state];
  return (
    <div className="form" role="group" aria-label="Evaluations for mobile apps and browsers">
      <dl className="facts">
        <dt>Mobile apps and browsers</dt>
        <dd><span className={`state ${colour}`}>{word}</span>{evaluations.since !== undefined && <span className="small dim">, since <Time at={evaluations.since} /></span>}</dd>
        <dt>Evaluated by</dt>
        <dd className="mono">{address}</dd>
        {evaluations.state === 'failing' && <><dt>Last answer</dt><dd><Time at={evaluations.lastAnswered ?? null} none="none yet" /></dd></>}
      </dl>
      {evaluations.problem && <ProblemBox problem={evaluations.problem} tone="red" />}
    </div>
  );
}

function Feed({ feed, status }: { feed: FlagFeed; status: FlagSourceStatus }) {
  const { colour, word } = STATES[feed.state];
  return (
    <div className="form">
      <dl className="facts">
        {feed.filter ? <><dt>Payload filter</dt><dd className="mono">{feed.filter}</dd></> : (
          <>
            <dt>Source</dt>
            <dd>{status.flagSource === 'files' ? 'Flag data files' : 'LaunchDarkly, or an ld-relay'}</dd>
            <dt>{status.flagSource === 'files' ? 'Files' : 'Address'}</dt>
            <dd className="mono">{status.files?.join(', ') ?? status.streamUri}</dd>
          </>
        )}
        <dt>State</dt>
        <dd><span className={`state ${colour}`}>{word}</span>{feed.since !== undefined && <span className="small dim">, since <Time at={feed.since} /></span>}</dd>
        <dt>Flags</dt>
        <dd>{counted(feed.flags, 'flag')}, {counted(feed.segments, 'segment')}{feed.fromDisk && <span className="small dim">, kept from before the restart</span>}{feed.ofFormerSource && <span className="small dim">, of the source before</span>}</dd>
        <dt>Last change</dt>
        <dd><Time at={feed.lastChange ?? null} none="none yet" /></dd>
        <dt>SDK streams</dt>
        <dd>{grouped(feed.streams)} of servers, {grouped(feed.pingStreams)} of mobile apps and browsers</dd>
      </dl>
      {feed.unreadableFlags > 0 && <Callout tone="amber" title={`${counted(feed.unreadableFlags, 'exported flag')} could not be read, and SDKs get ${feed.unreadableFlags === 1 ? 'it' : 'them'} as the source sent ${feed.unreadableFlags === 1 ? 'it' : 'them'}.`} />}
      {feed.problem && <ProblemBox problem={feed.problem} tone={feed.state === 'no flags' ? 'red' : 'amber'} />}
    </div>
  );
}
