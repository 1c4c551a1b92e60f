// Access tokens for this console, Terraform and scripts, and the custom roles they can have.
import { Button, Checkbox, Group, Modal, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { roles as roleCalls, tokens } from '../api/calls';
import { useSession } from '../api/session';
import type { CustomRole, Role, Token } from '../api/types';
import { useAction } from '../api/use_action';
import { useDraft } from '../api/use_draft';
import { useLoad } from '../api/use_load';
import { Callout, Fault } from '../parts/callout';
import { Confirm } from '../parts/confirm';
import { Code } from '../parts/copy';
import { Icon } from '../parts/icons';
import { Empty, Shown } from '../parts/loading';
import { Page } from '../parts/page';
import { Time } from '../parts/time';
import { notify } from '../parts/toasts';
import { CustomRoles } from './custom_roles';

const ROLES: { value: Role; label: string }[] = [
  { value: 'reader', label: 'Reader: reads everything except tokens' },
  { value: 'writer', label: 'Writer: also changes environments, destinations and flags' },
  { value: 'admin', label: 'Admin: also creates and deletes tokens' },
];

export default function TokensPage() {
  const { mayAdmin } = useSession();
  return (
    <Page title="Access tokens" lead="For this console, Terraform and scripts." docs="rest-api">
      {mayAdmin ? <TokenList /> : <div className="card"><Empty icon="tokens" title="Only admins can manage tokens">Your token has no access. Ask an admin for another one.</Empty></div>}
    </Page>
  );
}

function TokenList() {
  const { caller } = useSession();
  const loaded = useLoad(tokens.list);
  const roles = useLoad(roleCalls.list);
  const custom = roles.data?.items ?? [];
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<Token>();
  return (
    <>
      <Button mb="md" leftSection={<Icon name="plus" size={16} />} onClick={() => setCreating(true)}>New token</Button>
      <div className="card flush scroll-x" tabIndex={0} role="region" aria-label="Access tokens">
        <Shown loaded={loaded} what="tokens">
          {({ items }) => (
            <table className="plain">
              <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">Token</th><th scope="col">Made</th><th scope="col"><span className="unseen">Delete</span></th></tr></thead>
              <tbody>
                {items.map((token) => (
                  <tr key={token._id}>
                    <td><b>{token.name || 'unnamed'}</b>{token._id === caller?.tokenId && <span className="small dim"> (this session)</span>}</td>
                    <td>{token.role === 'custom' ? rolesOf(token, custom) : token.role}</td>
                    <td className="mono">{token.token}</td>
                    <td><Time at={token.creationDate} /></td>
                    <td className="right">{token._id !== caller?.tokenId && <Button size="compact-sm" variant="subtle" color="red.8" c="var(--red)" onClick={() => setDeleting(token)} aria-label={`Delete ${token.name}`}>Delete</Button>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Shown>
      </div>
      <CustomRoles loaded={roles} />
      {creating && <NewToken close={() => setCreating(false)} created={loaded.reload} custom={custom} />}
      {deleting && (
        <Confirm title={`Delete the token “${deleting.name}”?`} verb="Delete token" close={() => setDeleting(undefined)}
          act={async () => {
            await tokens.remove(deleting._id);
            notify(`Token “${deleting.name}” deleted.`);
            loaded.reload();
          }}>
          <p style={{ margin: 0 }}>Everything that uses it is rejected from then on. This cannot be undone.</p>
        </Confirm>
      )}
    </>
  );
}

function rolesOf(token: Token, custom: CustomRole[]): string {
  const names = (token.customRoleIds ?? []).map((id) => custom.find((role) => role._id === id)?.name ?? id);
  return names.length > 0 ? names.join(', ') : 'inline policy';
}

function NewToken({ close, created, custom }: { close: () => void; created: () => void; custom: CustomRole[] }) {
  const { value, set, forget } = useDraft<{ name: string; role: Role; custom: string[] }>('token', { name: '', role: 'reader', custom: [] });
  const selected = value.custom.filter((id) => custom.some((role) => role._id === id));
  const options = custom.length > 0 ? [...ROLES, { value: 'custom', label: 'Custom: what the roles selected below allow' }] : ROLES;
  const [token, setToken] = useState('');
  const action = useAction(async () => {
    const name = value.name.trim();
    const answer = await tokens.create(value.role === 'custom' ? { name, customRoleIds: selected } : { name, role: value.role });
    setToken(answer.token);
    forget();
    created();
  });
  if (token)
    return (
      <Modal opened onClose={close} title={<strong>New token</strong>} closeOnClickOutside={false} closeOnEscape={false}>
        <div className="form">
          <Callout tone="amber" title="Copy it now." live><p>It is shown only once.</p></Callout>
          <Code text={token} what="access token" />
          <Group justify="flex-end"><Button onClick={close}>Done</Button></Group>
        </div>
      </Modal>
    );
  return (
    <Modal opened onClose={close} title={<strong>New access token</strong>}>
      <form className="form" onSubmit={(event) => { event.preventDefault(); void action.run(); }}>
        <TextInput label="Name" placeholder="terraform" required value={value.name} onChange={(event) => set({ name: event.currentTarget.value })} data-autofocus />
        <Select label="Role" data={options} value={value.role} allowDeselect={false} onChange={(role) => role && set({ role: role as Role })} />
        {value.role === 'custom' && (
          <Checkbox.Group label="Custom roles" value={selected} onChange={(ids) => set({ custom: ids })}>
            {custom.map((role) => <Checkbox key={role._id} value={role._id} label={role.name} mt="xs" />)}
          </Checkbox.Group>
        )}
        <Fault error={action.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>Cancel</Button>
          <Button type="submit" loading={action.running} disabled={!value.name.trim() || (value.role === 'custom' && selected.length === 0)}>Create token</Button>
        </Group>
      </form>
    </Modal>
  );
}
