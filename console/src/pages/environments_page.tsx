// Projects and their environments.
import { Button, Menu, Modal, TextInput, ActionIcon, Group } from '@mantine/core';
import { useCallback, useState } from 'react';
import { projects as calls } from '../api/calls';
import { useSession } from '../api/session';
import type { Environment, Project } from '../api/types';
import { useAction } from '../api/use_action';
import { useLoad } from '../api/use_load';
import { EnvironmentForm } from '../form/environment_form';
import { counted } from '../format/numbers';
import { Fault } from '../parts/callout';
import { Confirm } from '../parts/confirm';
import { Icon } from '../parts/icons';
import { Empty, Shown } from '../parts/loading';
import { Page } from '../parts/page';
import { notify } from '../parts/toasts';
import { go, Link, pathTo } from '../router';
import { FirstEvent } from '../sdk/sdk_setup';

export default function EnvironmentsPage() {
  const { mayWrite } = useSession();
  const loaded = useLoad(useCallback((signal: AbortSignal) => calls.list(signal), []));
  const [adding, setAdding] = useState<{ project?: string }>();
  const add = mayWrite && <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding({})}>New environment</Button>;
  return (
    <Page title="Environments" lead="Projects, their environments, and the keys of their SDKs." docs="sdk-protocol" actions={loaded.data && loaded.data.items.length > 0 && add}>
      <Shown loaded={loaded} what="environments">
        {({ items }) => items.length === 0 ? (
          <div className="card">
            <Empty icon="environments" title="No environments yet" action={add}>
              {mayWrite ? 'Next: create one with the SDK key that your applications already use. Then only their events address has to change.' : 'A writer or admin must create the first one.'}
            </Empty>
          </div>
        ) : (
          <div className="form" style={{ gap: 22 }}>
            {items.map((project) => (
              <ProjectCard key={project._id} project={project} mayWrite={mayWrite} changed={loaded.reload} add={() => setAdding({ project: project.key })} />
            ))}
          </div>
        )}
      </Shown>
      {adding && (
        <Modal opened onClose={() => setAdding(undefined)} title={<strong>New environment</strong>} size="lg">
          <Shown loaded={loaded} what="projects">
            {({ items }) => (
              <EnvironmentForm projects={items} {...adding} cancel={() => setAdding(undefined)}
                created={(project, environment) => {
                  setAdding(undefined);
                  notify(`Environment ${project} / ${environment} created.`);
                  go(pathTo('environments', project, environment));
                }} />
            )}
          </Shown>
        </Modal>
      )}
    </Page>
  );
}

function ProjectCard({ project, mayWrite, changed, add }: { project: Project; mayWrite: boolean; changed: () => void; add: () => void }) {
  const [open, setOpen] = useState<'rename' | 'delete'>();
  const list = project.environments?.items ?? [];
  return (
    <section className="card flush" aria-label={`Project ${project.name}`}>
      <div className="section-head" style={{ padding: '14px 20px', margin: 0, background: 'var(--card-sunk)', borderBottom: '1px solid var(--line)' }}>
        <h2>{project.name}</h2>
        <span className="mono dim">{project.key}</span>
        <span className="space" />
        {mayWrite && (
          <>
            <Button size="xs" variant="default" leftSection={<Icon name="plus" size={14} />} onClick={add}>Environment</Button>
            <Menu position="bottom-end" transitionProps={{ duration: 0 }}>
              <Menu.Target>
                <ActionIcon variant="subtle" color="gray" c="var(--mantine-color-dimmed)" aria-label={`More actions for ${project.name}`}><Icon name="menu" /></ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<Icon name="edit" size={15} />} onClick={() => setOpen('rename')}>Rename</Menu.Item>
                <Menu.Item leftSection={<Icon name="trash" size={15} />} onClick={() => setOpen('delete')}>Delete</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        )}
      </div>
      {list.length === 0 ? <p className="dim" style={{ padding: '14px 20px', margin: 0 }}>No environments yet. Next: create one.</p> : (
        <ul className="lines">
          {list.map((environment) => <Line key={environment._id} project={project} environment={environment} />)}
        </ul>
      )}
      {open === 'rename' && <Rename what="project" name={project.name} close={() => setOpen(undefined)} save={async (name) => { await calls.change(project.key, { name }); changed(); }} />}
      {open === 'delete' && (
        <Confirm title={`Delete the project “${project.name}”?`} verb="Delete project" typed={project.key} close={() => setOpen(undefined)}
          act={async () => {
            await calls.remove(project.key);
            notify(`“${project.name}” deleted.`);
            changed();
          }}>
          <p style={{ margin: 0 }}>Its {counted(list.length, 'environment')} and all their destinations, with their undelivered events, are deleted too. SDKs that use its keys are rejected from then on. This cannot be undone.</p>
        </Confirm>
      )}
    </section>
  );
}

function Line({ project, environment }: { project: Project; environment: Environment }) {
  return (
    <li>
      <div style={{ flex: '1 1 220px', minWidth: 0 }}>
        <Link className="row-link" to={pathTo('environments', project.key, environment.key)}>{environment.name}</Link>
        <div className="mono dim">{environment.key}</div>
      </div>
      <FirstEvent project={project.key} environment={environment.key} />
      <span className="small" style={{ display: 'inline-flex', gap: 16 }}>
        <Link to={pathTo('flags', project.key, environment.key)}>Flags</Link>
        <Link to={pathTo('live', project.key, environment.key)}>Live events</Link>
      </span>
    </li>
  );
}

export function Rename({ what, name, save, close }: { what: string; name: string; save: (name: string) => Promise<void>; close: () => void }) {
  const [text, setText] = useState(name);
  const action = useAction(async () => {
    await save(text.trim());
    notify(`${what[0]!.toUpperCase()}${what.slice(1)} renamed.`);
    close();
  });
  return (
    <Modal opened onClose={close} title={<strong>Rename the {what}</strong>}>
      <form className="form" onSubmit={(event) => { event.preventDefault(); void action.run(); }}>
        <TextInput label="Name" value={text} onChange={(event) => setText(event.currentTarget.value)} data-autofocus />
        <Fault error={action.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>Cancel</Button>
          <Button type="submit" loading={action.running} disabled={!text.trim() || text.trim() === name}>Save</Button>
        </Group>
      </form>
    </Modal>
  );
}

