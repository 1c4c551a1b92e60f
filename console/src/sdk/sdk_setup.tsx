// How to point an SDK at this server, with everything filled in, and whether its first event has arrived.
import { Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useServerStatus } from '../api/server_status';
import type { Environment } from '../api/types';
import { grouped } from '../format/numbers';
import { DocsLink } from '../parts/callout';
import { Code } from '../parts/copy';
import { Time } from '../parts/time';
import { intakeAddress } from './intake_address';
import { SDKS } from './snippets';

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
      <p className="dim" style={{ margin: 0 }}>Only the events address changes. Flag delivery does not change. <DocsLink page="sdk-protocol">What SDKs send</DocsLink> To send an event before your SDK is set up, select “By hand”.</p>
      <div className="choices" style={{ marginTop: 0 }}>
        <Select label="SDK" data={SDKS.map(({ id, name }) => ({ value: id, label: name }))} value={selected} allowDeselect={false} searchable onChange={(value) => value && setSelected(value)} />
        <TextInput label="Address that your SDKs reach" description="Behind a proxy, the proxy's address. Browsers need https if your site uses it." placeholder={known || 'http://SLUICE:8030'} value={own} onChange={(event) => keep(event.currentTarget.value.trim())} />
      </div>
      <Code text={sdk.code(address, environment[sdk.credential])} what={`SDK setup for ${sdk.name}`} />
      <p className="small dim" style={{ margin: 0 }}>Uses this environment&apos;s {CREDENTIAL[sdk.credential]}.</p>
    </div>
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
