// Project and environment of a new destination; creates them when there are none.
import { Button, Select } from '@mantine/core';
import { useState } from 'react';
import type { Project } from '../api/types';
import { Callout } from '../parts/callout';
import { Icon } from '../parts/icons';
import { EnvironmentForm } from './environment_form';

interface Props {
  projects: Project[];
  project: string;
  environment: string;
  select: (project: string, environment: string) => void;
  created: (project: string, environment: string) => void;
  error?: string | undefined;
}

export function PlaceField({ projects, project, environment, select, created, error }: Props) {
  const [creating, setCreating] = useState(false);
  const groups = projects.map((each) => ({
    group: each.name,
    items: (each.environments?.items ?? []).map((item) => ({ value: `${each.key}/${item.key}`, label: `${each.name}: ${item.name}` })),
  })).filter((group) => group.items.length > 0);
  const none = groups.length === 0;
  const value = project && environment ? `${project}/${environment}` : null;

  if (creating || none)
    return (
      <div className="card" style={{ background: 'var(--card-sunk)', boxShadow: 'none' }}>
        {none && <Callout tone="blue" title="Create an environment first."><p>The destination receives its events. Enter the SDK key that your applications already use; then only their events address has to change.</p></Callout>}
        <div style={{ marginTop: none ? 14 : 0 }}>
          <EnvironmentForm projects={projects} {...(!none && { cancel: () => setCreating(false) })}
            created={(newProject, newEnvironment) => {
              setCreating(false);
              created(newProject, newEnvironment);
            }} />
        </div>
      </div>
    );
  return (
    <div>
      <Select label="Project and environment" required withAsterisk searchable placeholder="Select one" data={groups} value={value} error={error} nothingFoundMessage="No environment matches."
        onChange={(text) => {
          const [first = '', second = ''] = (text ?? '').split('/');
          select(first, second);
        }} />
      <Button variant="subtle" size="compact-sm" mt={4} leftSection={<Icon name="plus" size={14} />} onClick={() => setCreating(true)}>New environment</Button>
    </div>
  );
}
