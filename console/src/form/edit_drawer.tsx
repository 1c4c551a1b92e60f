// Edits a destination, sends it a test event, replays, deletes.
import { Button, Drawer, Group, Tabs, TextInput } from '@mantine/core';
import { useCallback, useMemo, useState } from 'react';
import { destinations, type DestinationRef } from '../api/calls';
import { ApiError } from '../api/http';
import { useKind, useKinds } from '../api/kinds';
import type { CheckResult, Destination, DestinationKind } from '../api/types';
import { useAction } from '../api/use_action';
import { useDraft } from '../api/use_draft';
import { useLoad } from '../api/use_load';
import { Callout, DocsLink, Fault } from '../parts/callout';
import { CheckSteps } from '../parts/check_steps';
import { Icon, KindMark } from '../parts/icons';
import { Shown } from '../parts/loading';
import { TestEvent } from '../parts/test_event';
import { notify } from '../parts/toasts';
import { DeleteDestination } from './delete_destination';
import { draftOf, holdsHidden, mergeOf, privateNames, textOf, valuesOf, type DestinationValues } from './destination_values';
import { DrawerResult } from './drawer_result';
import { KindFields, NameField, OnField } from './kind_fields';
import { ReplayBox } from './replay_box';
import { SetupHelpBox } from './setup_help';
import { useFieldErrors } from './use_field_errors';

interface Props {
  of: DestinationRef;
  close: () => void;
  changed: () => void;
  deleted: () => void;
}

export function EditDrawer({ of, close, changed, deleted }: Props) {
  const { project, environment, id } = of;
  const loaded = useLoad(useCallback((signal: AbortSignal) => destinations.get({ project, environment, id }, signal), [project, environment, id]));
  const kinds = useKinds();
  const kind = useKind(loaded.data?.kind);
  return (
    <Drawer opened onClose={close} position="right" size="min(1160px, 100%)" padding={0}
      title={<span className="drawer-title"><KindMark icon={kind?.icon ?? ''} size={30} /> Edit destination{loaded.data ? `: ${loaded.data.name}` : ''}</span>}>
      <Shown loaded={loaded} what="the destination">
        {(destination) => (
          <Shown loaded={kinds} what="the kinds of destinations">
            {() => kind ? <EditForm key={destination.version} of={of} kind={kind} destination={destination} close={close} changed={changed} deleted={deleted} reload={loaded.reload} /> : (
              <Callout tone="amber" title={`This page does not know the kind “${destination.kind}”.`}><p>Reload the page.</p></Callout>
            )}
          </Shown>
        )}
      </Shown>
    </Drawer>
  );
}

function EditForm({ of, kind, destination, close, changed, deleted, reload }: Props & { kind: DestinationKind; destination: Destination; reload: () => void }) {
  const start = useMemo(() => valuesOf(kind, destination, of.project, of.environment), [kind, destination, of]);
  // The version belongs to the draft: an old draft must not overwrite someone else's change.
  const draft = useDraft<DestinationValues>(`destination:${destination._id}:${destination.version}`, start, privateNames(kind));
  const { value: values } = draft;
  const [result, setResult] = useState<CheckResult>();
  const [deleting, setDeleting] = useState(false);
  const set = (change: Partial<DestinationValues>) => {
    draft.set(change);
    setResult(undefined);
  };
  const secretUnknown = holdsHidden(kind, values);
  const check = useAction(async () => {
    save.clear();
    setResult(undefined);
    fieldErrors.sent();
    setResult(draft.dirty && !secretUnknown ? await destinations.check(of.project, of.environment, draftOf(kind, values)) : await destinations.checkSaved(of));
  });
  const save = useAction(async () => {
    check.clear();
    fieldErrors.sent();
    const after = await destinations.change(of, mergeOf(kind, values, destination));
    draft.forget();
    notify(`“${after.name}” saved.`);
    changed();
    close();
  });
  const error = save.error ?? check.error;
  const stale = error instanceof ApiError && error.code === 'optimistic_locking_error';
  const fieldErrors = useFieldErrors(kind, values, stale ? null : error);
  const fields = { kind, values, set, errors: fieldErrors.errors, left: fieldErrors.left };

  return (
    <div className="drawer-body">
      <Tabs defaultValue="settings" keepMounted className="drawer-tabs">
        <Tabs.List px={24} aria-label="Parts of the destination">
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
          <Tabs.Tab value="test">Test event</Tabs.Tab>
          {kind.supports.replay && <Tabs.Tab value="replay">Replay</Tabs.Tab>}
          <Tabs.Tab value="delete">Delete</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="settings">
          <div className="drawer-columns">
            <form
              id="edit-destination"
              className="form"
              aria-label="Edit destination"
              noValidate
              onSubmit={(event) => {
                event.preventDefault();
                void save.run();
              }}
            >
              <NameField {...fields} />
              <TextInput label="Project and environment" value={`${of.project} / ${of.environment}`} readOnly description="Cannot be changed. For another environment, create another destination." />
              <KindFields {...fields} />
              <OnField {...fields} />
            </form>
            <SetupHelpBox kind={kind} values={values} />
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="test">
          <div className="drawer-panel">
            <h3>Send a test event</h3>
            {draft.dirty && <Callout tone="amber" title="Your changes are not saved yet. The test uses the saved destination." />}
            <TestEvent of={of} />
          </div>
        </Tabs.Panel>
        {kind.supports.replay && (
          <Tabs.Panel value="replay">
            <div className="drawer-panel">
              <h3>Replay</h3>
              <ReplayBox of={of} />
            </div>
          </Tabs.Panel>
        )}
        <Tabs.Panel value="delete">
          <div className="drawer-panel">
            <h3>Delete destination</h3>
            <p>Its undelivered events and its dead letters are deleted too. Events already delivered stay where they are. To pause it, switch it off instead.</p>
            <div>
              <Button color="red.8" variant="outline" c="var(--red)" leftSection={<Icon name="trash" size={16} />} onClick={() => setDeleting(true)}>Delete destination</Button>
            </div>
          </div>
        </Tabs.Panel>
      </Tabs>
      <DrawerResult of={error ?? result}>
        {stale && (
          <Callout tone="amber" title="Someone else changed this destination in the meantime." live>
            <p>Not saved. Reload to see the current settings, then repeat your change.</p>
            <Button size="xs" variant="default" mt={8} onClick={() => { draft.forget(); reload(); }}>Reload</Button>
          </Callout>
        )}
        {fieldErrors.atFields && <Callout tone="red" title="Some fields have errors. Each field shows what it expects." live />}
        {fieldErrors.rest && <Fault error={error} title={save.error ? 'Not saved.' : 'Check failed.'} />}
        {result && draft.dirty && secretUnknown && <Callout tone="amber" title="Your changes were not checked. The check used the saved destination, because its secrets are hidden here." />}
        {result && <CheckSteps result={result} roleArn={textOf(values, 'roleArn')} />}
      </DrawerResult>
      <div className="drawer-foot">
        <Group justify="flex-end">
          <span className="small dim" style={{ marginRight: 'auto' }}>{check.running ? 'Calling the destination. This takes up to 30 s …' : <DocsLink page="configuration">All settings</DocsLink>}</span>
          <Button variant="subtle" color="gray" c="var(--mantine-color-dimmed)" onClick={() => { draft.forget(); close(); }}>{draft.dirty ? 'Discard' : 'Close'}</Button>
          <Button variant="default" onClick={() => void check.run()} loading={check.running}>Check</Button>
          <Button type="submit" form="edit-destination" loading={save.running} disabled={!draft.dirty}>Save destination</Button>
        </Group>
      </div>
      {deleting && <DeleteDestination of={of} name={destination.name} close={() => setDeleting(false)} deleted={() => { draft.forget(); deleted(); }} />}
    </div>
  );
}
