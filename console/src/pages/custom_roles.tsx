// Custom roles: what a token may do, down to one action on one destination.
import { Button, Group, Modal, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { roles } from '../api/calls';
import type { CustomRole } from '../api/types';
import { useAction } from '../api/use_action';
import { useDraft } from '../api/use_draft';
import type { Loaded } from '../api/use_load';
import { Fault } from '../parts/callout';
import { Confirm } from '../parts/confirm';
import { Icon } from '../parts/icons';
import { Empty, Shown } from '../parts/loading';
import { Time } from '../parts/time';
import { notify } from '../parts/toasts';
import { Link } from '../router';

const EXAMPLE = JSON.stringify([{ effect: 'allow', resources: ['proj/*:env/production:destination/*'], actions: ['updateOn', 'testDestination'] }], null, 2);

export function CustomRoles({ loaded }: { loaded: Loaded<{ items: CustomRole[] }> }) {
  const [editing, setEditing] = useState<CustomRole | 'new'>();
  const [deleting, setDeleting] = useState<CustomRole>();
  return (
    <div className="section">
      <div className="section-head">
        <h2>Custom roles</h2>
        <span className="space" />
        <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => setEditing('new')}>New role</Button>
      </div>
      <div className="card flush scroll-x" tabIndex={0} role="region" aria-label="Custom roles">
        <Shown loaded={loaded} what="roles">
          {({ items }) =>
            items.length === 0 ? (
              <Empty icon="tokens" title="No custom roles">Reader, writer and admin are built in. Create a role for a token with fewer permissions, for example one that only switches destinations of one environment on and off.</Empty>
            ) : (
              <table className="plain">
                <thead><tr><th scope="col">Name</th><th scope="col">Statements</th><th scope="col">Created</th><th scope="col"><span className="unseen">Edit and delete</span></th></tr></thead>
                <tbody>
                  {items.map((role) => (
                    <tr key={role._id}>
                      <td><b>{role.name}</b><div className="mono dim">{role.key}</div>{role.description && <div className="small">{role.description}</div>}</td>
                      <td className="small">{role.policy.map((statement, index) => <div key={index}>{inWords(statement)}</div>)}</td>
                      <td><Time at={role.creationDate} /></td>
                      <td className="right">
                        <Button size="compact-sm" variant="subtle" onClick={() => setEditing(role)} aria-label={`Edit ${role.name}`}>Edit</Button>
                        <Button size="compact-sm" variant="subtle" color="red.8" c="var(--red)" onClick={() => setDeleting(role)} aria-label={`Delete ${role.name}`}>Delete</Button>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Shown>
      </div>
      {editing && <RoleForm role={editing === 'new' ? undefined : editing} close={() => setEditing(undefined)} done={loaded.reload} />}
      {deleting && (
        <Confirm title={`Delete the role “${deleting.name}”?`} verb="Delete role" close={() => setDeleting(undefined)}
          act={async () => {
            await roles.remove(deleting.key);
            notify(`Role “${deleting.name}” deleted.`);
            loaded.reload();
          }}>
          <p style={{ margin: 0 }}>A role that a token still uses cannot be deleted. Delete the token first.</p>
        </Confirm>
      )}
    </div>
  );
}

function inWords({ effect, actions, notActions, resources, notResources }: CustomRole['policy'][number]): string {
  const what = actions ? actions.join(', ') : `all except ${(notActions ?? []).join(', ')}`;
  const where = resources ? resources.join(', ') : `all except ${(notResources ?? []).join(', ')}`;
  return `${effect === 'allow' ? 'May' : 'May not'}: ${what}, on ${where}`;
}

function RoleForm({ role, close, done }: { role: CustomRole | undefined; close: () => void; done: () => void }) {
  const initial = { key: role?.key ?? '', name: role?.name ?? '', description: role?.description ?? '', policy: role ? JSON.stringify(role.policy, null, 2) : EXAMPLE };
  const { value, set, forget } = useDraft(`role-${role?.key ?? ''}`, initial);
  const action = useAction(async () => {
    const { key, name, description, policy } = value;
    let statements: unknown;
    try {
      statements = JSON.parse(policy);
    } catch (error) {
      throw new Error(`The policy is not valid JSON: ${error instanceof Error ? error.message : String(error)}.`, { cause: error });
    }
    if (role) await roles.change(role.key, { name: name.trim(), description, policy: statements });
    else await roles.create({ key: key.trim(), ...(name.trim() && { name: name.trim() }), description, policy: statements });
    notify(`Role “${name.trim() || key.trim()}” saved.`);
    forget();
    done();
    close();
  });
  return (
    <Modal opened onClose={close} size="lg" title={<strong>{role ? `Edit the role “${role.name}”` : 'New role'}</strong>}>
      <form className="form" onSubmit={(event) => { event.preventDefault(); void action.run(); }}>
        {!role && <TextInput label="Key" description="Identifies the role in the API. Cannot be changed later." placeholder="switch-production" required value={value.key} onChange={(event) => set({ key: event.currentTarget.value })} data-autofocus />}
        <TextInput label="Name" placeholder="Switches in production" value={value.name} onChange={(event) => set({ name: event.currentTarget.value })} />
        <TextInput label="Description" value={value.description} onChange={(event) => set({ description: event.currentTarget.value })} />
        <Textarea label="Policy" description="Only what a statement allows is permitted." rows={10} spellCheck={false} value={value.policy} onChange={(event) => set({ policy: event.currentTarget.value })} styles={{ input: { fontFamily: 'var(--mono, monospace)', fontSize: 13 } }} />
        <p className="small" style={{ margin: 0 }}><Link to="/docs/rest-api">Resources and actions</Link></p>
        <Fault error={action.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>Cancel</Button>
          <Button type="submit" loading={action.running} disabled={!role && !value.key.trim()}>Save role</Button>
        </Group>
      </form>
    </Modal>
  );
}
