// Selects the environment that a page shows.
import { Select } from '@mantine/core';
import type { ReactNode } from 'react';
import type { PlaceChoice } from '../api/use_place_choice';
import type { Environment, Project } from '../api/types';
import { Link } from '../router';
import { Empty, Shown } from './loading';

export function PlacePicker({ choice }: { choice: PlaceChoice }) {
  const { projects, project, environment, select } = choice;
  const data = (projects.data?.items ?? []).map((each) => ({
    group: each.name,
    items: (each.environments?.items ?? []).map((item) => ({ value: `${each.key}/${item.key}`, label: `${each.name}: ${item.name}` })),
  })).filter((group) => group.items.length > 0);
  return (
    <Select aria-label="Environment" searchable allowDeselect={false} w={280} data={data} value={project && environment ? `${project.key}/${environment.key}` : null} placeholder="Select an environment" nothingFoundMessage="No environment matches."
      onChange={(value) => {
        const [first, second] = (value ?? '').split('/');
        if (first && second) select(first, second);
      }} />
  );
}

// The children get an environment; without one, the next step is shown.
export function WithPlace({ choice, children }: { choice: PlaceChoice; children: (project: Project, environment: Environment) => ReactNode }) {
  return (
    <Shown loaded={choice.projects} what="environments">
      {({ items }) => {
        if (choice.project && choice.environment) return children(choice.project, choice.environment);
        const any = items.some((project) => project.environments?.totalCount);
        return (
          <div className="card">
            <Empty icon="environments" title={any ? 'Environment not found' : 'No environments yet'} action={<Link to="/environments">Go to Environments</Link>}>
              {any ? 'It may have been deleted. Select another one above.' : 'Next: create one with the SDK key that your applications already use.'}
            </Empty>
          </div>
        );
      }}
    </Shown>
  );
}
