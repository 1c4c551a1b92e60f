// Which flags' evaluations an environment exports.
import { Radio, Select } from '@mantine/core';
import { environments } from '../api/calls';
import type { Environment, Project } from '../api/types';
import { useAction } from '../api/use_action';
import { DocsLink, Fault } from '../parts/callout';
import { notify } from '../parts/toasts';

interface Props {
  project: Project;
  environment: Environment;
  mayWrite: boolean;
  changed: () => void;
}

type Choice = 'sent' | 'all' | 'none' | 'each';

function choiceOf(environment: Environment): Choice {
  if (environment.featureEvents === 'as sent') return 'sent';
  if (environment.exportAllFlags === undefined || environment.exportAllFlags === null) return 'each';
  return environment.exportAllFlags ? 'all' : 'none';
}

const WORDS: { value: Choice; label: string; description: string }[] = [
  { value: 'sent', label: 'All that SDKs send in full', description: 'The switches below have no effect yet. Setting the first one activates them.' },
  { value: 'all', label: 'All flags', description: 'Except those whose own switch is off.' },
  { value: 'each', label: 'Selected flags', description: 'Each flag by its switch below.' },
  { value: 'none', label: 'No flags', description: 'Except those whose own switch is on.' },
];

export function FlagChoice({ project, environment, mayWrite, changed }: Props) {
  const choice = choiceOf(environment);
  const change = useAction(async (merge: Parameters<typeof environments.change>[2]) => {
    await environments.change(project.key, environment.key, merge);
    notify('Flag selection saved.');
    changed();
  });
  const pick = (next: Choice) => {
    if (next === 'sent') return change.run({ featureEvents: 'as sent' });
    return change.run({ featureEvents: 'chosen flags', exportAllFlags: next === 'each' ? null : next === 'all' });
  };
  const now = WORDS.find((each) => each.value === choice)!;
  if (!mayWrite) return <p className="card" style={{ margin: 0 }}>Exported: <b>{now.label}</b>. {now.description}</p>;
  return (
    <div className="card">
      <Radio.Group label="Send detailed events to data export destinations" description={<>Events of these flags are exported as they arrive. <DocsLink page="events">Which evaluations are exported</DocsLink></>} value={choice} onChange={(value) => void pick(value as Choice)}>
        <div className="choices">
          {WORDS.map((each) => <Radio key={each.value} value={each.value} label={each.label} description={each.description} disabled={change.running} />)}
        </div>
      </Radio.Group>
      {choice === 'each' && (
        <Select mt="md" maw={340} label="New flags" description="For a flag that an event names for the first time." allowDeselect={false} value={String(environment.defaultTrackEvents)} disabled={change.running}
          data={[{ value: 'true', label: 'start with detailed events on' }, { value: 'false', label: 'start with detailed events off' }]} onChange={(value) => void change.run({ defaultTrackEvents: value === 'true' })} />
      )}
      <Fault error={change.error} />
    </div>
  );
}
