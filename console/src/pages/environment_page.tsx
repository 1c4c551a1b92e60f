// One environment: keys, SDK setup, where flags come from, SDKs that were seen, allowed browser origins, deletion.
import { Button, Group, Select, TagsInput } from '@mantine/core';
import { useCallback, useState } from 'react';
import { environments, projects as projectCalls } from '../api/calls';
import { useSession } from '../api/session';
import type { Environment } from '../api/types';
import { useAction } from '../api/use_action';
import { useLoad } from '../api/use_load';
import { Fault } from '../parts/callout';
import { Confirm } from '../parts/confirm';
import { Copy } from '../parts/copy';
import { Icon } from '../parts/icons';
import { Empty, Shown } from '../parts/loading';
import { Page, Section } from '../parts/page';
import { Time } from '../parts/time';
import { notify } from '../parts/toasts';
import { go, Link, pathTo } from '../router';
import { FirstEvent, SdkSetup } from '../sdk/sdk_setup';
import { Rename } from './environments_page';
import { FlagDelivery } from './flag_delivery';
import { SdkList } from './sdk_list';

export default function EnvironmentPage({ project, environment: key }: { project: string; environment: string }) {
  const { mayWrite } = useSession();
  const loaded = useLoad(useCallback((signal: AbortSignal) => projectCalls.list(signal), []));
  const [open, setOpen] = useState<'rename' | 'delete'>();
  const environment = loaded.data?.items.find((each) => each.key === project)?.environments?.items.find((each) => each.key === key);
  return (
    <Page title={environment?.name ?? key} crumbs={<><Link to="/environments">Environments</Link> / {project}</>} lead={<FirstEvent project={project} environment={key} />}
      actions={environment && (
        <Group gap="xs">
          <Button variant="default" component="a" href={`/console${pathTo('flags', project, key)}`} onClick={(event: React.MouseEvent) => { event.preventDefault(); go(pathTo('flags', project, key)); }}>Flags</Button>
          {mayWrite && <Button variant="default" leftSection={<Icon name="edit" size={16} />} onClick={() => setOpen('rename')}>Rename</Button>}
        </Group>
      )}>
      <Shown loaded={loaded} what="the environment">
        {() => environment ? (
          <>
            <div className="columns">
              <div className="card">
                <h2 style={{ marginBottom: 14 }}>Set up SDKs</h2>
                <SdkSetup key={environment.flagSource} environment={environment} />
              </div>
              <div className="form">
                <Keys project={project} environment={environment} mayWrite={mayWrite} changed={loaded.reload} />
                <Browsers key={JSON.stringify(environment.allowedOrigins)} project={project} environment={environment} mayWrite={mayWrite} changed={loaded.reload} />
              </div>
            </div>
            <FlagDelivery project={project} environment={environment} mayWrite={mayWrite} changed={loaded.reload} />
            <SdkList project={project} environment={environment.key} />
            {mayWrite && (
              <Section title="Delete">
                <Button variant="outline" color="red.8" c="var(--red)" leftSection={<Icon name="trash" size={16} />} onClick={() => setOpen('delete')}>Delete environment</Button>
              </Section>
            )}
          </>
        ) : (
          <div className="card"><Empty icon="environments" title="Environment not found" action={<Link to="/environments">All environments</Link>}>It may have been deleted.</Empty></div>
        )}
      </Shown>
      {open === 'rename' && environment && <Rename what="environment" name={environment.name} close={() => setOpen(undefined)} save={async (name) => { await environments.change(project, key, { name }); loaded.reload(); }} />}
      {open === 'delete' && environment && (
        <Confirm title={`Delete the environment “${environment.name}”?`} verb="Delete environment" typed={key} close={() => setOpen(undefined)}
          act={async () => {
            await environments.remove(project, key);
            notify(`“${environment.name}” deleted.`);
            go('/environments');
          }}>
          <p style={{ margin: 0 }}>Its destinations and their undelivered events are deleted too. SDKs that use its keys are rejected from then on. This cannot be undone.</p>
        </Confirm>
      )}
    </Page>
  );
}

const HOUR_MS = 3_600_000;
const STOPS = [
  { value: '0', label: 'immediately' },
  { value: String(HOUR_MS), label: 'in an hour' },
  { value: String(24 * HOUR_MS), label: 'in a day' },
  { value: String(7 * 24 * HOUR_MS), label: 'in a week' },
  { value: String(30 * 24 * HOUR_MS), label: 'in 30 days' },
];

function Keys({ project, environment, mayWrite, changed }: { project: string; environment: Environment; mayWrite: boolean; changed: () => void }) {
  const [resetting, setResetting] = useState<'apiKey' | 'mobileKey'>();
  return (
    <section className="card" aria-label="Keys">
      <h2 style={{ marginBottom: 10 }}>Keys</h2>
      <Secret label="SDK key" text={environment.apiKey} reset={mayWrite ? () => setResetting('apiKey') : undefined} />
      <OldKeys keys={environment.expiringApiKeys} what="SDK key" />
      <Secret label="Mobile key" text={environment.mobileKey} reset={mayWrite ? () => setResetting('mobileKey') : undefined} />
      <OldKeys keys={environment.expiringMobileKeys} what="mobile key" />
      <div className="key-line">
        <span className="dim small">Client-side id</span>
        <span className="mono">{environment._id}</span>
        <span className="key-tools"><Copy text={environment._id} what="client-side id" /></span>
      </div>
      {resetting && <ResetKey project={project} environment={environment.key} which={resetting} close={() => setResetting(undefined)} changed={changed} />}
    </section>
  );
}

function OldKeys({ keys, what }: { keys: Environment['expiringApiKeys']; what: string }) {
  return keys?.map(({ key, expiry }) => (
    <div key={key} className="key-line small">
      <span className="dim">Old {what}</span>
      <span className="mono">{masked(key)}</span>
      <span>stops <Time at={expiry} /></span>
    </div>
  ));
}

function ResetKey({ project, environment, which, close, changed }: { project: string; environment: string; which: 'apiKey' | 'mobileKey'; close: () => void; changed: () => void }) {
  const [stops, setStops] = useState('0');
  const name = which === 'mobileKey' ? 'mobile key' : 'SDK key';
  const afterMs = Number(stops);
  return (
    <Confirm title={`Reset the ${name}?`} verb={`Reset the ${name}`} close={close}
      act={async () => {
        await environments.resetKey(project, environment, which, afterMs > 0 ? Date.now() + afterMs : undefined);
        notify(`New ${name} created.`);
        changed();
      }}>
      <Select label="The old key stops" data={STOPS} value={stops} allowDeselect={false} onChange={(value) => value && setStops(value)} data-autofocus />
      <p style={{ margin: '12px 0 0' }}>
        {afterMs > 0
          ? 'Until then both keys work: move your SDKs to the new one in the meantime. At most five old keys can be active.'
          : 'SDKs that use the old key are rejected immediately. Most send nothing more until they are restarted with the new key.'}
      </p>
    </Confirm>
  );
}

const masked = (key: string) => `${key.slice(0, 4)}••••${key.slice(-4)}`;

function Secret({ label, text, reset }: { label: string; text: string; reset?: (() => void) | undefined }) {
  const [shown, setShown] = useState(false);
  if (!text) return null;
  return (
    <div className="key-line">
      <span className="dim small">{label}</span>
      <span className="mono">{shown ? text : masked(text)}</span>
      <span className="key-tools">
        <Button size="compact-xs" variant="default" leftSection={<Icon name="eye" size={13} />} onClick={() => setShown(!shown)} aria-label={`${shown ? 'Hide' : 'Show'} the ${label}`}>{shown ? 'Hide' : 'Show'}</Button>
        <Copy text={text} what={label} />
        {reset && <Button size="compact-xs" variant="default" leftSection={<Icon name="reset" size={13} />} onClick={reset} aria-label={`Reset the ${label}`}>Reset</Button>}
      </span>
    </div>
  );
}

function Browsers({ project, environment, mayWrite, changed }: { project: string; environment: Environment; mayWrite: boolean; changed: () => void }) {
  const before = environment.allowedOrigins ?? [];
  const [origins, setOrigins] = useState(before);
  const save = useAction(async () => {
    await environments.change(project, environment.key, { allowedOrigins: origins.length ? origins : null });
    notify('Allowed origins saved.');
    changed();
  });
  const dirty = JSON.stringify(origins) !== JSON.stringify(before);
  if (!mayWrite) return <section className="card"><h2>Browsers</h2><p style={{ margin: '8px 0 0' }}>{before.length ? before.join(', ') : 'Any site may send events.'}</p></section>;
  return (
    <section className="card form" aria-label="Browsers">
      <h2>Browsers</h2>
      <TagsInput label="Sites that may send events" description="Origins, such as https://shop.example. If empty: any site." placeholder={origins.length ? '' : 'Any site'} value={origins} onChange={setOrigins} acceptValueOnBlur splitChars={[',', ' ']} />
      <Fault error={save.error} />
      {dirty && <div><Button size="sm" onClick={() => void save.run()} loading={save.running}>Save</Button></div>}
    </section>
  );
}
