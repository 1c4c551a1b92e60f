// Selects where the flags come from that SDKs take through Sluice.
import { Button, Group, Select, Switch, TagsInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { environments } from '../api/calls';
import { faultsOf } from '../api/field_faults';
import { messageOf } from '../api/http';
import type { Environment } from '../api/types';
import { useAction } from '../api/use_action';
import { Callout, DocsLink } from '../parts/callout';
import { notify } from '../parts/toasts';
import { changeOf, OWN_ADDRESS, valuesOf } from './flag_source_values';

const SOURCES = [
  { value: 'launchdarkly.com', label: 'LaunchDarkly' },
  { value: 'eu.launchdarkly.com', label: 'LaunchDarkly EU' },
  { value: 'launchdarkly.us', label: 'LaunchDarkly Federal' },
  { value: OWN_ADDRESS, label: 'An ld-relay, or another Sluice' },
  { value: 'files', label: 'Flag data files' },
  { value: 'none', label: 'None: SDKs take their flags elsewhere' },
];

interface Props {
  project: string;
  environment: Environment;
  close: () => void;
  saved: () => void;
}

export function FlagSourceForm({ project, environment, close, saved }: Props) {
  const before = valuesOf(environment);
  const [values, setValues] = useState(before.source === 'none' ? { ...before, source: SOURCES[0]!.value } : before);
  const set = (change: Partial<typeof values>) => setValues({ ...values, ...change });
  const save = useAction(async () => {
    await environments.change(project, environment.key, changeOf(values));
    notify('Flag source saved.');
    saved();
  });
  const faults = save.error ? faultsOf(messageOf(save.error), ['flagSource', 'flagSite', 'flagStreamUri', 'flagBaseUri', 'flagFiles']) : null;
  return (
    <form className="form" aria-label="Flag source" style={{ maxWidth: 620 }}
      onSubmit={(event) => {
        event.preventDefault();
        void save.run();
      }}>
      <Select label="Flags come from" description={<>Sluice asks there with the environment&apos;s SDK key, and passes flags on. <DocsLink page="relay">How it works</DocsLink></>} data={SOURCES} value={values.source} allowDeselect={false} onChange={(source) => source && set({ source })} error={faults?.fields['flagSource'] ?? faults?.fields['flagSite']} />
      {values.source === OWN_ADDRESS && (
        <>
          <TextInput label="Address" description="For streams, and for polls unless they have an address of their own." placeholder="http://ld-relay.internal:8030" required value={values.streamUri} onChange={(event) => set({ streamUri: event.currentTarget.value })} error={faults?.fields['flagStreamUri']} />
          <TextInput label="Address for polls" description="If it is another one." placeholder={values.streamUri} value={values.baseUri} onChange={(event) => set({ baseUri: event.currentTarget.value })} error={faults?.fields['flagBaseUri']} />
        </>
      )}
      {values.source === 'files' && (
        <TagsInput label="Files" description="Names in the server's folder for flag data: flag-files in the data directory. JSON or YAML, as LaunchDarkly's SDKs read them. Mobile apps and browsers get no flags from files." placeholder={values.files.length ? '' : 'flags.yaml'} value={values.files} onChange={(files) => set({ files })} acceptValueOnBlur splitChars={[',', ' ']} error={faults?.fields['flagFiles']} />
      )}
      {values.source !== 'none' && (
        <Switch label="Events of exported flags carry the reason of the evaluation" checked={values.reasons} onChange={(event) => set({ reasons: event.currentTarget.checked })} />
      )}
      {faults?.rest && <Callout tone="red" title="Not saved." live><p>{faults.rest}</p></Callout>}
      <Group>
        <Button type="submit" loading={save.running}>Save flag source</Button>
        <Button variant="default" onClick={close}>Cancel</Button>
      </Group>
    </form>
  );
}
