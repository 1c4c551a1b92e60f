// Creates an environment, and its project when there is none yet.
import { Button, Group, PasswordInput, Select, TextInput } from '@mantine/core';
import { environments, projects as projectCalls } from '../api/calls';
import { faultsOf } from '../api/field_faults';
import { messageOf } from '../api/http';
import type { Project } from '../api/types';
import { useAction } from '../api/use_action';
import { useDraft } from '../api/use_draft';
import { Callout } from '../parts/callout';
import { keyOf } from './slug';

interface Props {
  projects: Project[];
  // The project; if absent, the form offers a selection.
  project?: string;
  created: (project: string, environment: string) => void;
  cancel?: () => void;
}

const NEW = '\u0000new';
const START = { project: '', projectName: '', projectKey: '', name: '', key: '', id: '', apiKey: '', mobileKey: '' };

export function EnvironmentForm({ projects, project, created, cancel }: Props) {
  const initial = { ...START, project: project ?? projects[0]?.key ?? NEW };
  const { value, set, forget } = useDraft(`environment:${project ?? ''}`, initial, ['apiKey', 'mobileKey']);
  const known = projects.some((each) => each.key === value.project);
  const selected = known ? value.project : NEW;
  const isNew = selected === NEW;
  const projectKey = value.projectKey || keyOf(value.projectName);
  const key = value.key || keyOf(value.name);

  const action = useAction(async () => {
    const draft = {
      key, name: value.name.trim() || key,
      ...(value.id.trim() && { _id: value.id.trim() }),
      ...(value.apiKey.trim() && { apiKey: value.apiKey.trim() }),
      ...(value.mobileKey.trim() && { mobileKey: value.mobileKey.trim() }),
    };
    if (isNew) await projectCalls.create({ key: projectKey, name: value.projectName.trim() || projectKey, environments: [draft] });
    else await environments.create(selected, draft);
    forget();
    created(isNew ? projectKey : selected, key);
  });
  const faults = action.error ? faultsOf(messageOf(action.error), ['key', 'name', '_id', 'id', 'apiKey', 'sdk_keys', 'mobileKey', 'mobile_keys']) : null;

  return (
    <form
      className="form"
      aria-label="New environment"
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        void action.run();
      }}
    >
      {project === undefined && projects.length > 0 && (
        <Select label="Project" allowDeselect={false} value={selected} onChange={(text) => text && set({ project: text })}
          data={[...projects.map((each) => ({ value: each.key, label: each.name })), { value: NEW, label: 'New project …' }]} />
      )}
      {isNew && (
        <Group grow align="start">
          <TextInput label="Project name" placeholder="Web shop" value={value.projectName} onChange={(event) => set({ projectName: event.currentTarget.value })} required />
          <TextInput label="Project key" placeholder={projectKey || 'web-shop'} value={value.projectKey} onChange={(event) => set({ projectKey: event.currentTarget.value })} />
        </Group>
      )}
      <Group grow align="start">
        <TextInput label="Environment name" placeholder="Production" value={value.name} onChange={(event) => set({ name: event.currentTarget.value })} required error={faults?.fields['name']} />
        <TextInput label="Environment key" placeholder={key || 'production'} value={value.key} onChange={(event) => set({ key: event.currentTarget.value })} error={faults?.fields['key']} />
      </Group>
      <PasswordInput label="SDK key" description="The key that your server-side SDKs already use. If empty, a new one is generated." value={value.apiKey} placeholder="sdk-…"
        onChange={(event) => set({ apiKey: event.currentTarget.value })} error={faults?.fields['apiKey'] ?? faults?.fields['sdk_keys']} autoComplete="off" />
      <PasswordInput label="Mobile key" description="For mobile SDKs. If empty, a new one is generated." value={value.mobileKey} placeholder="mob-…"
        onChange={(event) => set({ mobileKey: event.currentTarget.value })} error={faults?.fields['mobileKey'] ?? faults?.fields['mobile_keys']} autoComplete="off" />
      <TextInput label="Client-side id" description="24 hex digits, for browser SDKs. If empty, a new one is generated." value={value.id} placeholder="578d1e02d2943862c52b9686"
        onChange={(event) => set({ id: event.currentTarget.value })} error={faults?.fields['_id'] ?? faults?.fields['id']} autoComplete="off" />
      {faults?.rest && <Callout tone="red" title="Not created." live><p>{faults.rest}</p></Callout>}
      <Group justify="flex-end">
        {cancel && <Button variant="default" onClick={cancel}>Cancel</Button>}
        <Button type="submit" loading={action.running}>Create environment</Button>
      </Group>
    </form>
  );
}
