// Edits a destination, sends it a test event, replays, deletes.
import { Button, Drawer, Group, Tabs, TextInput } from '@mantine/core';
import { useCallback, useMemo, useState } from 'react';
import { destinations, type DestinationRef } from '../api/calls';
import { faultsOf } from '../api/field_faults';
import { ApiError, messageOf } from '../api/http';
import type { CheckResult, Destination } from '../api/types';
import { useAction } from '../api/use_action';
import { useDraft } from '../api/use_draft';
import { useLoad } from '../api/use_load';
import { Callout, DocsLink, Fault } from '../parts/callout';
import { CheckSteps } from '../parts/check_steps';
import { Icon, StreamMark } from '../parts/icons';
import { Shown } from '../parts/loading';
import { TestEvent } from '../parts/test_event';
import { notify } from '../parts/toasts';
import { AwsSteps } from './aws_steps';
import { DeleteDestination } from './delete_destination';
import { Choices } from './destination_choices';
import { NameField, OnField, StreamFields } from './destination_fields';
import { byField, draftOf, KNOWN_FAULTS, mergeOf, SECRETS, valuesOf, type DestinationValues } from './destination_values';
import { DrawerResult } from './drawer_result';
import { ReplayBox } from './replay_box';

interface Props {
  of: DestinationRef;
  close: () => void;
  changed: () => void;
  deleted: () => void;
}

export function EditDrawer({ of, close, changed, deleted }: Props) {
  const { project, environment, id } = of;
  const loaded = useLoad(useCallback((signal: AbortSignal) => destinations.get({ project, environment, id }, signal), [project, environment, id]));
  return (
    <Drawer opened onClose={close} position="right" size="min(1160px, 100%)" padding={0}
      title={<span className="drawer-title"><StreamMark size={30} /> Edit destination{loaded.data ? `: ${loaded.data.name}` : ''}</span>}>
      <Shown loaded={loaded} what="the destination">
        {(destination) => <EditForm key={destination.version} of={of} destination={destination} close={close} changed={changed} deleted={deleted} reload={loaded.reload} />}
      </Shown>
    </Drawer>
  );
}

function EditForm({ of, destination, close, changed, deleted, reload }: Props & { destination: Destination; reload: () => void }) {
  const start = useMemo(() => valuesOf(destination, of.project, of.environment), [destination, of]);
  // The version belongs to the draft: an old draft must not overwrite someone else's change.
  const draft = useDraft<DestinationValues>(`destination:${destination._id}:${destination.version}`, start, SECRETS);
  const { value: values } = draft;
  const [result, setResult] = useState<CheckResult>();
  const [deleting, setDeleting] = useState(false);
  const set = (change: Partial<DestinationValues>) => {
    draft.set(change);
    setResult(undefined);
  };
  const check = useAction(async () => {
    save.clear();
    setResult(undefined);
    setResult(draft.dirty && !values.hashSecret.startsWith('***') ? await destinations.check(of.project, of.environment, draftOf(values)) : await destinations.checkSaved(of));
  });
  const save = useAction(async () => {
    check.clear();
    const after = await destinations.change(of, mergeOf(values, destination));
    draft.forget();
    notify(`“${after.name}” saved.`);
    changed();
    close();
  });
  const error = save.error ?? check.error;
  const stale = error instanceof ApiError && error.code === 'optimistic_locking_error';
  const faults = error && !stale ? faultsOf(messageOf(error), KNOWN_FAULTS) : null;
  const errors = faults ? byField(faults.fields) : {};
  const fields = { values, set, errors };

  return (
    <div className="drawer-body">
      <Tabs defaultValue="settings" keepMounted className="drawer-tabs">
        <Tabs.List px={24} aria-label="Parts of the destination">
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
          <Tabs.Tab value="test">Test event</Tabs.Tab>
          <Tabs.Tab value="replay">Replay</Tabs.Tab>
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
              <StreamFields {...fields} />
              <Choices {...fields} />
              <OnField {...fields} />
            </form>
            <AwsSteps values={values} />
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="test">
          <div className="drawer-panel">
            <h3>Send a test event</h3>
            {draft.dirty && <Callout tone="amber" title="Your changes are not saved yet. The test uses the saved destination." />}
            <TestEvent of={of} />
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="replay">
          <div className="drawer-panel">
            <h3>Replay</h3>
            <ReplayBox of={of} />
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="delete">
          <div className="drawer-panel">
            <h3>Delete destination</h3>
            <p>Its undelivered events and its dead letters are deleted too. Events already delivered stay in your stream. To pause it, switch it off instead.</p>
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
        {Object.keys(errors).length > 0 && <Callout tone="red" title="Some fields have errors. Each field shows what it expects." live />}
        {faults?.rest && <Fault error={error} title={save.error ? 'Not saved.' : 'Check failed.'} />}
        {result && <CheckSteps result={result} roleArn={values.roleArn} />}
      </DrawerResult>
      <div className="drawer-foot">
        <Group justify="flex-end">
          <span className="small dim" style={{ marginRight: 'auto' }}>{check.running ? 'Calling AWS. This takes up to 30 s …' : <DocsLink page="configuration">All settings</DocsLink>}</span>
          <Button variant="subtle" color="gray" c="var(--mantine-color-dimmed)" onClick={() => { draft.forget(); close(); }}>{draft.dirty ? 'Discard' : 'Close'}</Button>
          <Button variant="default" onClick={() => void check.run()} loading={check.running}>Check</Button>
          <Button type="submit" form="edit-destination" loading={save.running} disabled={!draft.dirty}>Save destination</Button>
        </Group>
      </div>
      {deleting && <DeleteDestination of={of} name={destination.name} close={() => setDeleting(false)} deleted={() => { draft.forget(); deleted(); }} />}
    </div>
  );
}
