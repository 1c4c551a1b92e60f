// What the console may have of its own for a kind of destination. All of it is optional: a kind without any is shown from the
// server's description alone.
import type { ComponentType } from 'react';
import type { DestinationKind, DestinationStatus, SetupHelp } from '../api/types';
import type { DestinationValues } from '../form/destination_values';
import type { FieldProps } from '../form/form_field';

export interface SetupStepsProps {
  kind: DestinationKind;
  values: DestinationValues;
  // Undefined until the server has answered.
  help: SetupHelp | undefined;
}

export interface KindParts {
  kind: string;
  // Draws a field, by its key, instead of what its type says.
  fields?: Readonly<Record<string, ComponentType<FieldProps>>>;
  // A field, and the one that it draws too: either may be filled in.
  joined?: Readonly<Record<string, string>>;
  // The name that a new destination gets from its settings; empty: the kind's title.
  defaultName?: (values: DestinationValues) => string;
  // Beside the form: what to do at the far end.
  SetupSteps?: ComponentType<SetupStepsProps>;
  // On the page of a destination.
  StatusPanel?: ComponentType<{ kind: DestinationKind; status: DestinationStatus }>;
}
