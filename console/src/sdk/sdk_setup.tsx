// How to point an SDK at this server, with everything filled in, and whether its first event has arrived.
import { SegmentedControl, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useServerStatus } from '../api/server_status';
import type { Environment } from '../api/types';
import { grouped } from '../format/numbers';
import { DocsLink } from '../parts/callout';
import { Code } from '../parts/copy';
import { Time } from '../parts/time';
import { intakeAddress } from './intake_address';
import { addressesOf, SDKS, type Sdk } from './snippets';

const KEPT = 'sluice-intake-address';
const CREDENTIAL = { apiKey: 'SDK key', mobileKey: 'mobile key', _id: 'client-side id' };

function kept(): string {
  try {
    return localStorage.getItem(KEPT) ?? '';
  } catch {
    return '';
  }
}

export function SdkSetup({ environment }: { environment: Environment }) {
  const { data } = useServerStatus();
  const [selected, setSelected] = useState('node');
  const [own, setOwn] = useState(kept);
  const [through, setThrough] = useState(environment.flagSource === 'none' ? 'events' : 'flags');
  const known = intakeAddress(data?.intake?.address, location.hostname);
  const address = (own || known || 'http://SLUICE:8030').replace(/\/+$/, '');
  const sdk = SDKS.find((each) => each.id === selected) ?? SDKS[0]!;
  const keep = (text: string) => {
    setOwn(text);
    try {
      localStorage.setItem(KEPT, text);
    } catch {
      // Storage is not available: the address lasts as long as the page.
    }
  };
  return (
    <div className="form">
      <SegmentedControl fullWidth aria-label="What goes through Sluice" value={through} onChange={setThrough} data={[{ value: 'events', label: 'Events only' }, { value: 'flags', label: 'Flags and events' }]} />
      {through === 'events' ? (
        <p className="dim" style={{ margin: 0 }}>Only the events address changes. Flag delivery does not change. <DocsLink page="sdk-protocol">What SDKs send</DocsLink> To send an event before your SDK is set up, select “By hand”.</p>
      ) : (
        <p className="dim" style={{ margin: 0 }}>
          SDKs take their flags through Sluice, and a flag&apos;s switch decides whether they send it in full. <DocsLink page="relay">How it works</DocsLink>
          {environment.flagSource === 'none' && ' First set the flag source below: until then SDKs would get no flags.'}
        </p>
      )}
      <div className="choices" style={{ marginTop: 0 }}>
        <Select label="SDK" data={SDKS.map(({ id, name }) => ({ value: id, label: name }))} value={selected} allowDeselect={false} searchable onChange={(value) => value && setSelected(value)} />
        <TextInput label="Address that your SDKs reach" description="Behind a proxy, the proxy's address. Browsers need https if your site uses it." placeholder={known || 'http://SLUICE:8030'} value={own} onChange={(event) => keep(event.currentTarget.value.trim())} />
      </div>
      {through === 'flags' && <Steps sdk={sdk} address={address} />}
      <Code text={sdk.code(addressesOf(sdk, address, through === 'flags'), environment[sdk.credential])} what={`SDK setup for ${sdk.name}`} />
      <p className="small dim" style={{ margin: 0 }}>Uses this environment&apos;s {CREDENTIAL[sdk.credential]}.</p>
    </div>
  );
}

// The three settings that change.
function Steps({ sdk, address }: { sdk: Sdk; address: string }) {
  if (sdk.id === 'curl') return null;
  const { stream, base, events } = sdk.names;
  const to = <span className="mono">{address}</span>;
  return (
    <ol aria-label="Steps" style={{ margin: 0, paddingLeft: 20, overflowWrap: 'anywhere' }}>
      <li>{stream ? <>Set <b className="mono">{stream}</b> to {to}: changes of flags.</> : 'This SDK has no stream.'}</li>
      <li>Set <b className="mono">{base}</b> to {to}: the flags.</li>
      <li>Set <b className="mono">{events}</b> to {to}: the events. The key stays.</li>
    </ol>
  );
}

export function FirstEvent({ environment, project }: { environment: string; project: string }) {
  const { data } = useServerStatus();
  const line = data?.environments?.find((each) => each.project === project && each.environment === environment);
  if (!line) return null;
  if (!line.eventsReceived && !line.lastEvent) return <span className="state grey pill" role="status">Waiting for the first event …</span>;
  return (
    <span className="state green pill" role="status">
      <span>Receiving events{line.eventsReceived ? `: ${grouped(line.eventsReceived)}` : ''}{line.lastEvent && <>, last <Time at={line.lastEvent} /></>}</span>
    </span>
  );
}
