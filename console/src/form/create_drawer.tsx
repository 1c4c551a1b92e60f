// Creates a destination: fields at the left, what to do in AWS at the right.
import { Button, Drawer, Group } from '@mantine/core';
import { useCallback, useMemo, useState } from 'react';
import { destinations, projects as projectCalls, refOf } from '../api/calls';
import { faultsOf } from '../api/field_faults';
import { messageOf } from '../api/http';
import type { CheckResult } from '../api/types';
import { useAction } from '../api/use_action';
import { useDraft } from '../api/use_draft';
import { useLoad } from '../api/use_load';
import { Callout, DocsLink, Fault } from '../parts/callout';
import { CheckSteps } from '../parts/check_steps';
import { StreamMark } from '../parts/icons';
import { Shown } from '../parts/loading';
import { notify } from '../parts/toasts';
import { AwsSteps } from './aws_steps';
import { Choices } from './destination_choices';
import { NameField, OnField, StreamFields } from './destination_fields';
import { byField, draftOf, EMPTY, KNOWN_FAULTS, newExternalId, SECRETS, type DestinationValues } from './destination_values';
import { DrawerResult } from './drawer_result';
import { PlaceField } from './place_field';

export function CreateDrawer({ close, created }: { close: () => void; created: (ref: { project: string; environment: string; id: string }) => void }) {
  return (
    <Drawer opened onClose={close} position="right" size="min(1160px, 100%)" padding={0}
      title={<span className="drawer-title"><StreamMark size={30} /> Create a destination: Amazon Kinesis</span>}>
      <CreateForm close={close} created={created} />
    </Drawer>
  );
}

function CreateForm({ close, created }: { close: () => void; created: (ref: { project: string; environment: string; id: string }) => void }) {
  const start = useMemo(() => ({ ...EMPTY, externalId: newExternalId() }), []);
  const draft = useDraft<DestinationValues>('new-destination', start, SECRETS);
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
    if (environmentSelected()) setResult(await destinations.check(values.project, values.environment, draftOf(values)));
  });
  const save = useAction(async () => {
    check.clear();
    if (!environmentSelected()) return;
    const destination = await destinations.create(values.project, values.environment, draftOf(values));
    draft.forget();
    notify(`“${destination.name}” saved.`);
    created(refOf(destination));
  });
  const error = save.error ?? check.error;
  const faults = error ? faultsOf(messageOf(error), KNOWN_FAULTS) : null;
  const errors = faults ? byField(faults.fields) : {};
  const fields = { values, set, errors };

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
          <StreamFields {...fields} />
          <Choices {...fields} />
          <OnField {...fields} />
          <p className="small dim" style={{ margin: 0 }}><DocsLink page="delivery">Delivery guarantees</DocsLink> · <DocsLink page="configuration">All settings</DocsLink></p>
        </div>
        <AwsSteps values={values} anyEnvironment={anyEnvironment} />
      </div>
      <DrawerResult of={error ?? result}>
        {Object.keys(errors).length > 0 && <Callout tone="red" title="Some fields have errors. Each field shows what it expects." live />}
        {faults?.rest && <Fault error={error} title={save.error ? 'Not saved.' : 'Check failed.'} />}
        {result && <CheckSteps result={result} roleArn={values.roleArn} />}
      </DrawerResult>
      <div className="drawer-foot">
        <Group justify="flex-end">
          {check.running && <span className="small dim" role="status">Calling AWS. This takes up to 30 s …</span>}
          <Button variant="subtle" color="gray" c="var(--mantine-color-dimmed)" onClick={() => { draft.forget(); close(); }}>Discard</Button>
          <Button variant="default" onClick={() => void check.run()} loading={check.running}>Check</Button>
          <Button type="submit" form="create-destination" loading={save.running}>Save destination</Button>
        </Group>
      </div>
    </div>
  );
}
