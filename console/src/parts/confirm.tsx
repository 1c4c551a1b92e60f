// Asks for confirmation before an action that cannot be undone; for the most destructive, the name must be typed.
import { Button, Group, Modal, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useAction } from '../api/use_action';
import { Fault } from './callout';

interface Props {
  title: string;
  children: ReactNode;
  verb: string;
  typed?: string;
  act: () => Promise<void>;
  close: () => void;
}

export function Confirm({ title, children, verb, typed, act, close }: Props) {
  const [text, setText] = useState('');
  const action = useAction(async () => {
    await act();
    close();
  });
  const ready = typed === undefined || text === typed;
  return (
    <Modal opened onClose={close} title={<strong>{title}</strong>}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void action.run();
        }}
      >
        <div>{children}</div>
        {typed !== undefined && (
          <TextInput label={<>Type <span className="mono">{typed}</span> to confirm</>} value={text} onChange={(event) => setText(event.currentTarget.value)} autoComplete="off" data-autofocus />
        )}
        <Fault error={action.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>Cancel</Button>
          <Button type="submit" color="red.8" disabled={!ready} loading={action.running}>{verb}</Button>
        </Group>
      </form>
    </Modal>
  );
}
