// Creates a destination: fields at the left, what to set up at the far end at the right.
import { Button, Drawer, Group } from '@mantine/core';
import { useCallback, useMemo, useState } from 'react';
import { destinations, projects as projectCalls, refOf } from '../api/calls';
import type { CheckResult, DestinationKind } from '../api/types';
import { useAction } from '../api/use_action';
import { useDraft } from '../api/use_draft';
import { useLoad } from '../api/use_load';
import { Callout, DocsLink, Fault } from '../parts/callout';
import { CheckSteps } from '../parts/check_steps';
import { KindMark } from '../parts/icons';
import { Shown } from '../parts/loading';
import { notify } from '../parts/toasts';
import { draftOf, privateNames, startValues, textOf, type DestinationValues } from './destination_values';
import { DrawerResult } from './drawer_result';
import { KindFields, NameField, OnField } from './kind_fields';
import { PlaceField } from './place_field';
import { SetupHelpBox } from './setup_help';
import { useFieldErrors } from './use_field_errors';

interface Props {
  kind: DestinationKind;
  close: () => void;
  created: (ref: { project: string; environment: string; id: string }) => void;
}

export function CreateDrawer({ kind, close, created }: Props) {
  return (
    <Drawer opened onClose={close} position="right" size="min(1160px, 100%)" padding={0}
      title={<span className="drawer-title"><KindMark icon={kind.icon} size={30} /> Create a destination: {kind.title}</span>}>
      <CreateForm kind={kind} close={close} created={created} />
    </Drawer>
  );
}

function CreateForm({ kind, close, created }: Props) {
  const start = useMemo(() => startValues(kind), [kind]);
  const draft = useDraft<DestinationValues>(`new-destination:${kind.kind}`, start, privateNames(kind));
  const { value: values } = draft;
  const loaded = useLoad(useCallback((signal: AbortSignal) => projectCalls.list(signal), []));
  const [result, setResult] = useState<CheckResult>();
  const [placeError, setPlaceError] = useState<string>();
  const set = (change: Partial<DestinationValues>) => {
    draft.set(change);
    setResult(undefined);
    if (change.environment) setPlaceError(undefined);
  };
  const any = loaded.data?.items.find((project) => project.environments?.totalCount);
  const anyEnvironment = any && { project: any.key, environment: any.environments!.items[0]!.key };
  const environmentSelected = () => {
    const selected = Boolean(values.project && values.environment);
    if (!selected) setPlaceError('Select the environment whose events it receives.');
    return selected;
  };

  const check = useAction(async () => {
    save.clear();
    setResult(undefined);
    fieldErrors.sent();
    if (environmentSelected()) setResult(await destinations.check(values.project, values.environment, draftOf(kind, values)));
  });
  const save = useAction(async () => {
    check.clear();
    fieldErrors.sent();
    if (!environmentSelected()) return;
    const destination = await destinations.create(values.project, values.environment, draftOf(kind, values));
    draft.forget();
    notify(`“${destination.name}” saved.`);
    created(refOf(destination));
  });
  const error = save.error ?? check.error;
  const fieldErrors = useFieldErrors(kind, values, error);
  const fields = { kind, values, set, errors: fieldErrors.errors, left: fieldErrors.left };

  return (
    <div className="drawer-body">
      <div className="drawer-columns">
        <form
          id="create-destination"
          className="form"
          aria-label="New destination"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void save.run();
          }}
        >
          <NameField {...fields} />
        </form>
        <Shown loaded={loaded} what="environments">
          {({ items }) => (
            <PlaceField projects={items} project={values.project} environment={values.environment} error={placeError}
              select={(project, environment) => set({ project, environment })}
              created={(project, environment) => {
                set({ project, environment });
                loaded.reload();
              }} />
          )}
        </Shown>
        <div className="form">
          <KindFields {...fields} />
          <OnField {...fields} />
          <p className="small dim" style={{ margin: 0 }}><DocsLink page={kind.docs}>About {kind.title}</DocsLink> · <DocsLink page="configuration">All settings</DocsLink></p>
        </div>
        <SetupHelpBox kind={kind} values={values} anyEnvironment={anyEnvironment} />
      </div>
      <DrawerResult of={error ?? result}>
        {fieldErrors.atFields && <Callout tone="red" title="Some fields have errors. Each field shows what it expects." live />}
        {fieldErrors.rest && <Fault error={error} title={save.error ? 'Not saved.' : 'Check failed.'} />}
        {result && <CheckSteps result={result} roleArn={textOf(values, 'roleArn')} />}
      </DrawerResult>
      <div className="drawer-foot">
        <Group justify="flex-end">
          {check.running && <span className="small dim" role="status">Calling the destination. This takes up to 30 s …</span>}
          <Button variant="subtle" color="gray" c="var(--mantine-color-dimmed)" onClick={() => { draft.forget(); close(); }}>Discard</Button>
          <Button variant="default" onClick={() => void check.run()} loading={check.running}>Check</Button>
          <Button type="submit" form="create-destination" loading={save.running}>Save destination</Button>
        </Group>
      </div>
    </div>
  );
}
