// The controls of long lists: the browser's own elements, drawn as Mantine draws its own. A list that leaps draws dozens at once,
// and a Mantine Switch costs as much as the rest of its row.
import type { ChangeEvent } from 'react';

interface Props {
  checked: boolean;
  changed: (checked: boolean) => void;
  label: string;
}

const onChange = (changed: Props['changed']) => (event: ChangeEvent<HTMLInputElement>) => changed(event.currentTarget.checked);

export const RowSwitch = ({ checked, changed, label }: Props) => <input type="checkbox" role="switch" className="row-switch" checked={checked} onChange={onChange(changed)} aria-label={label} />;

export const RowCheckbox = ({ checked, changed, label }: Props) => <input type="checkbox" className="row-checkbox" checked={checked} onChange={onChange(changed)} aria-label={label} />;
