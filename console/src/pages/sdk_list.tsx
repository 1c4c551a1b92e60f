// The SDKs of an environment that were seen, and what each needs so that switches here decide.
import { useCallback } from 'react';
import { environments } from '../api/calls';
import type { SeenSdk } from '../api/flag_delivery_types';
import { useLoad } from '../api/use_load';
import { counted } from '../format/numbers';
import { Empty, Shown } from '../parts/loading';
import { Section } from '../parts/page';
import { Time } from '../parts/time';

const REFRESH_MS = 5_000;
const CREDENTIALS = { sdk_key: 'SDK key', mobile_key: 'mobile key', client_side_id: 'client-side id' };

export function SdkList({ project, environment }: { project: string; environment: string }) {
  const loaded = useLoad(useCallback((signal: AbortSignal) => environments.sdks(project, environment, signal), [project, environment]), { everyMs: REFRESH_MS });
  return (
    <Section title="SDKs seen">
      <Shown loaded={loaded} what="SDKs">
        {({ items, since, forgotten }) => (
          <>
            <div className="card flush scroll-x" role="region" aria-label="SDKs seen" tabIndex={0}>
              {items.length === 0 ? <Empty icon="environments" title="No SDKs seen yet">An SDK appears when it sends events or asks for flags.</Empty> : (
                <table className="plain">
                  <thead><tr>{['SDK', 'What to do', 'Flags from here', 'Events', 'Key', 'Last seen'].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
                  <tbody>{items.map((sdk) => <Row key={`${sdk.credential} ${sdk.name} ${sdk.version} ${sdk.wrapper ?? ''}`} sdk={sdk} />)}</tbody>
                </table>
              )}
            </div>
            <p className="small dim" style={{ margin: '8px 0 0' }}>
              Since the server started, <Time at={since} />.{forgotten > 0 && ` The list is full: ${counted(forgotten, 'SDK')} left it, those first that were not seen for longest.`}
            </p>
          </>
        )}
      </Shown>
    </Section>
  );
}

function Row({ sdk }: { sdk: SeenSdk }) {
  return (
    <tr>
      <td style={{ minWidth: 150, overflowWrap: 'anywhere' }}><b>{sdk.name || 'Not named'}</b> {sdk.version}{sdk.wrapper && <div className="small dim">{sdk.wrapper}</div>}{!sdk.name && <div className="small dim">a stream or picture of a browser</div>}</td>
      <td style={{ minWidth: 170 }}>{sdk.needs ? <span className="amber">{sdk.needs.message}</span> : <span className="dim">Nothing</span>}</td>
      <td>{sdk.streams > 0 ? counted(sdk.streams, 'stream') : { none: 'No', poll: 'By polling', stream: 'By streaming' }[sdk.flags]}</td>
      <td>{sdk.sendsEvents ? 'Yes' : 'None'}</td>
      <td>{CREDENTIALS[sdk.credential]}</td>
      <td><Time at={sdk.lastSeen} /></td>
    </tr>
  );
}
