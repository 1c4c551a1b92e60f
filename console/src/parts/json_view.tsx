// JSON, pretty-printed or as received.
import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { Code } from './copy';

export function JsonView({ value, what, maxHeight }: { value: unknown; what: string; maxHeight?: number }) {
  const [form, setForm] = useState('pretty');
  const text = typeof value === 'string' ? value : form === 'pretty' ? JSON.stringify(value, null, 2) : JSON.stringify(value);
  return (
    <div style={{ display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: 6 }}>
      {typeof value !== 'string' && (
        <SegmentedControl size="xs" value={form} onChange={setForm} style={{ justifySelf: 'start' }}
          data={[{ value: 'pretty', label: 'Pretty' }, { value: 'raw', label: 'Raw' }]} aria-label={`How ${what} is shown`} />
      )}
      <Code text={text ?? ''} what={what} {...(maxHeight && { maxHeight })} />
    </div>
  );
}
