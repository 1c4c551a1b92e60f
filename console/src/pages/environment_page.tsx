// One environment: keys, how to set up SDKs, browsers that may send, deletion.
import { Button, Group, TagsInput } from '@mantine/core';
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
import { tell } from '../parts/toasts';
import { go, Link, pathTo } from '../router';
import { FirstEvent, SdkSetup } from '../sdk/sdk_setup';
import { Rename } from './environments_page';

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
                <SdkSetup environment={environment} />
              </div>
              <div className="form">
                <Keys project={project} environment={environment} mayWrite={mayWrite} changed={loaded.reload} />
                <Browsers key={JSON.stringify(environment.allowedOrigins)} project={project} environment={environment} mayWrite={mayWrite} changed={loaded.reload} />
              </div>
            </div>
            {mayWrite && (
              <Section title="Delete">
                <Button variant="outline" color="red.8" c="var(--red)" leftSection={<Icon name="trash" size={16} />} onClick={() => setOpen('delete')}>Delete environment</Button>
              </Section>
            )}
          </>
        ) : (
          <div className="card"><Empty icon="environments" title="There is no such environment" action={<Link to="/environments">All environments</Link>}>It may have been deleted.</Empty></div>
        )}
      </Shown>
      {open === 'rename' && environment && <Rename what="environment" name={environment.name} close={() => setOpen(undefined)} save={async (name) => { await environments.change(project, key, { name }); loaded.reload(); }} />}
      {open === 'delete' && environment && (
        <Confirm title={`Delete the environment “${environment.name}”?`} verb="Delete environment" typed={key} close={() => setOpen(undefined)}
          act={async () => {
            await environments.remove(project, key);
            tell(`“${environment.name}” is deleted.`);
            go('/environments');
          }}>
          <p style={{ margin: 0 }}>Its destinations go with it, and what they have not delivered yet. SDKs with its keys are refused from then on. It cannot be undone.</p>
        </Confirm>
      )}
    </Page>
  );
}

function Keys({ project, environment, mayWrite, changed }: { project: string; environment: Environment; mayWrite: boolean; changed: () => void }) {
  const [resetting, setResetting] = useState<'apiKey' | 'mobileKey'>();
  const name = resetting === 'mobileKey' ? 'mobile key' : 'SDK key';
  return (
    <section className="card" aria-label="Keys">
      <h2 style={{ marginBottom: 10 }}>Keys</h2>
      <Secret label="SDK key" text={environment.apiKey} reset={mayWrite ? () => setResetting('apiKey') : undefined} />
      <Secret label="Mobile key" text={environment.mobileKey} reset={mayWrite ? () => setResetting('mobileKey') : undefined} />
      <div className="key-line">
        <span className="dim small">Client-side id</span>
        <span className="mono">{environment._id}</span>
        <span className="key-tools"><Copy text={environment._id} what="client-side id" /></span>
      </div>
      {resetting && (
        <Confirm title={`Reset the ${name}?`} verb={`Reset the ${name}`} close={() => setResetting(undefined)}
          act={async () => {
            await environments.resetKey(project, environment.key, resetting);
            tell(`There is a new ${name}.`);
            changed();
          }}>
          <p style={{ margin: 0 }}>The old key stops at once: SDKs that use it are refused, and most send nothing more until they are restarted with the new one.</p>
        </Confirm>
      )}
    </section>
  );
}

function Secret({ label, text, reset }: { label: string; text: string; reset?: (() => void) | undefined }) {
  const [shown, setShown] = useState(false);
  if (!text) return null;
  return (
    <div className="key-line">
      <span className="dim small">{label}</span>
      <span className="mono">{shown ? text : `${text.slice(0, 4)}••••${text.slice(-4)}`}</span>
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
    tell('The allowed origins are saved.');
    changed();
  });
  const dirty = JSON.stringify(origins) !== JSON.stringify(before);
  if (!mayWrite) return <section className="card"><h2>Browsers</h2><p style={{ margin: '8px 0 0' }}>{before.length ? before.join(', ') : 'Any site may send events.'}</p></section>;
  return (
    <section className="card form" aria-label="Browsers">
      <h2>Browsers</h2>
      <TagsInput label="Sites that may send events" description="Origins, such as https://shop.example. Left empty: any site." placeholder={origins.length ? '' : 'Any site'} value={origins} onChange={setOrigins} acceptValueOnBlur splitChars={[',', ' ']} />
      <Fault error={save.error} />
      {dirty && <div><Button size="sm" onClick={() => void save.run()} loading={save.running}>Save</Button></div>}
    </section>
  );
}
