// Text to copy: a button, and code with one.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { Icon } from './icons';

// Also where the page is not served by https, and the browser has no clipboard for it.
async function toClipboard(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  const host = document.querySelector('[role=dialog]') ?? document.body;
  host.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (!copied) throw new Error('The browser does not allow it. Select the text and copy it.');
}

export function Copy({ text, label = 'Copy', what }: { text: string; label?: string; what: string }) {
  const [said, setSaid] = useState('');
  const copy = async () => {
    try {
      await toClipboard(text);
      setSaid('Copied');
    } catch {
      setSaid('Select and copy by hand');
    }
    setTimeout(() => setSaid(''), 2_000);
  };
  return (
    <Button size="compact-xs" variant="default" leftSection={<Icon name={said === 'Copied' ? 'done' : 'copy'} size={13} />} onClick={copy} aria-label={`${label} ${what}`}>
      <span aria-live="polite">{said || label}</span>
    </Button>
  );
}

export function Code({ text, what, maxHeight }: { text: string; what: string; maxHeight?: number }) {
  return (
    <div className="code-box">
      <pre className="code" tabIndex={0} aria-label={what} role="region" style={maxHeight ? { maxHeight } : undefined}>
        {text}
      </pre>
      <div className="tools">
        <Copy text={text} what={what} />
      </div>
    </div>
  );
}
