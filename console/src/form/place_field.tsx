// Project and environment of a new destination; makes them when there are none.
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
  choose: (project: string, environment: string) => void;
  made: (project: string, environment: string) => void;
  error?: string | undefined;
}

export function PlaceField({ projects, project, environment, choose, made, error }: Props) {
  const [making, setMaking] = useState(false);
  const groups = projects.map((each) => ({
    group: each.name,
    items: (each.environments?.items ?? []).map((item) => ({ value: `${each.key}/${item.key}`, label: `${each.name}: ${item.name}` })),
  })).filter((group) => group.items.length > 0);
  const none = groups.length === 0;
  const value = project && environment ? `${project}/${environment}` : null;

  if (making || none)
    return (
      <div className="card" style={{ background: 'var(--card-sunk)', boxShadow: 'none' }}>
        {none && <Callout tone="blue" title="First, an environment."><p>Its events are what the destination gets. Give it the SDK key that your applications have already, and they need no other change than the events address.</p></Callout>}
        <div style={{ marginTop: none ? 14 : 0 }}>
          <EnvironmentForm projects={projects} {...(!none && { cancel: () => setMaking(false) })}
            made={(newProject, newEnvironment) => {
              setMaking(false);
              made(newProject, newEnvironment);
            }} />
        </div>
      </div>
    );
  return (
    <div>
      <Select label="Project and environment" required withAsterisk searchable placeholder="Choose one" data={groups} value={value} error={error} nothingFoundMessage="No environment has this name."
        onChange={(text) => {
          const [first = '', second = ''] = (text ?? '').split('/');
          choose(first, second);
        }} />
      <Button variant="subtle" size="compact-sm" mt={4} leftSection={<Icon name="plus" size={14} />} onClick={() => setMaking(true)}>New environment</Button>
    </div>
  );
}
