// Chooses the environment that a page shows.
import { Select } from '@mantine/core';
import type { ReactNode } from 'react';
import type { PlaceChoice } from '../api/use_place_choice';
import type { Environment, Project } from '../api/types';
import { Link } from '../router';
import { Empty, Shown } from './loading';

export function PlacePicker({ choice }: { choice: PlaceChoice }) {
  const { projects, project, environment, choose } = choice;
  const data = (projects.data?.items ?? []).map((each) => ({
    group: each.name,
    items: (each.environments?.items ?? []).map((item) => ({ value: `${each.key}/${item.key}`, label: `${each.name}: ${item.name}` })),
  })).filter((group) => group.items.length > 0);
  return (
    <Select aria-label="Environment" searchable allowDeselect={false} w={280} data={data} value={project && environment ? `${project.key}/${environment.key}` : null} placeholder="Choose an environment" nothingFoundMessage="No environment has this name."
      onChange={(value) => {
        const [first, second] = (value ?? '').split('/');
        if (first && second) choose(first, second);
      }} />
  );
}

// What is inside has an environment; else the next step is told.
export function WithPlace({ choice, children }: { choice: PlaceChoice; children: (project: Project, environment: Environment) => ReactNode }) {
  return (
    <Shown loaded={choice.projects} what="environments">
      {({ items }) => {
        if (choice.project && choice.environment) return children(choice.project, choice.environment);
        const any = items.some((project) => project.environments?.totalCount);
        return (
          <div className="card">
            <Empty icon="environments" title={any ? 'There is no such environment' : 'No environment yet'} action={<Link to="/environments">Go to Environments</Link>}>
              {any ? 'It may have been deleted. Choose another one above.' : 'Next: make one, with the SDK key that your applications have already.'}
            </Empty>
          </div>
        );
      }}
    </Shown>
  );
}
