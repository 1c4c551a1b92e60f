// Which environment a page shows: from its address, else the last one selected, else the first.
import { useCallback, useEffect } from 'react';
import { go, pathTo, usePlace } from '../router';
import { projects as projectCalls } from './calls';
import type { Environment, Project } from './types';
import { useLoad, type Loaded } from './use_load';

const KEPT = 'sluice-environment';

export interface PlaceChoice {
  projects: Loaded<{ items: Project[] }>;
  project: Project | undefined;
  environment: Environment | undefined;
  select: (project: string, environment: string) => void;
}

export function usePlaceChoice(page: string): PlaceChoice {
  const { parts } = usePlace();
  const projects = useLoad(useCallback((signal: AbortSignal) => projectCalls.list(signal), []));
  const all = (projects.data?.items ?? []).flatMap((project) => (project.environments?.items ?? []).map((environment) => ({ project, environment })));
  const [, projectKey, environmentKey] = parts;
  const kept = sessionStorage.getItem(KEPT);
  const named = (project: string | undefined, environment: string | undefined) => all.find((each) => each.project.key === project && each.environment.key === environment);
  const selected = environmentKey ? named(projectKey, environmentKey) : (named(...((kept?.split('/') ?? []) as [string?, string?])) ?? all[0]);
  const place = selected && `${selected.project.key}/${selected.environment.key}`;
  useEffect(() => {
    if (place) sessionStorage.setItem(KEPT, place);
  }, [place]);
  const select = useCallback((project: string, environment: string) => go(pathTo(page, project, environment)), [page]);
  return { projects, project: selected?.project, environment: selected?.environment, select };
}
