// Amazon Kinesis: a stream is given by its name or its ARN in one field, and the steps in AWS stand beside the form.
import { TextInput } from '@mantine/core';
import { AwsSteps } from '../form/aws_steps';
import { nameOf, textOf, type DestinationValues } from '../form/destination_values';
import type { FieldProps } from '../form/form_field';
import { regionOfArn } from './kinesis_arn';
import { ShardPanel } from './kinesis_shards';
import type { KindParts, SetupStepsProps } from './parts';

const NAME = 'streamName';
const ARN = 'streamArn';

function StreamField({ field, values, errors, change, left }: FieldProps) {
  const faults = [...new Set([errors[nameOf(NAME)], errors[nameOf(ARN)]].filter(Boolean))];
  return (
    <TextInput label="Stream name or ARN" required withAsterisk description={field.help} placeholder={field.example ?? ''} value={textOf(values, ARN) || textOf(values, NAME)} error={faults.join(' ')} autoComplete="off" onBlur={left}
      onChange={(event) => {
        const stream = event.currentTarget.value;
        const isArn = stream.trim().startsWith('arn:');
        const region = regionOfArn(stream);
        // With an ARN, a name that is still there would contradict it.
        change({ [nameOf(NAME)]: isArn ? '' : stream, [nameOf(ARN)]: isArn ? stream : '', ...(region && { [nameOf('region')]: region }) });
      }} />
  );
}

function defaultName(values: DestinationValues): string {
  return (textOf(values, ARN) || textOf(values, NAME)).split('/').at(-1) ?? '';
}

function Steps({ values, help }: SetupStepsProps) {
  return (
    <AwsSteps help={help} roleArn={textOf(values, 'roleArn')} writes="writing to this stream only" tries="puts one test event into the stream">
      <strong>Create the data stream</strong>
      <p>In Kinesis, in the region selected here. On-demand capacity is a good start.</p>
    </AwsSteps>
  );
}

export const kinesis: KindParts = {
  kind: 'kinesis',
  fields: { [NAME]: StreamField },
  joined: { [NAME]: ARN },
  defaultName,
  SetupSteps: Steps,
  StatusPanel: ShardPanel,
};
