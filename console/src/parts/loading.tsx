// Loading states, and what to do when loading failed.
import { Button, Loader } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import { ApiError, messageOf } from '../api/http';
import type { Loaded } from '../api/use_load';
import { Callout } from './callout';
import { Icon, type IconName } from './icons';

export function Loading({ what }: { what: string }) {
  // A fast answer needs no spinner.
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 250);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return <div style={{ minHeight: 60 }} />;
  return (
    <div className="empty" role="status">
      <Loader size="sm" />
      <span className="dim">Loading {what} …</span>
    </div>
  );
}

// Shows what was loaded; until then, that it is loading, or why it failed.
export function Shown<T>({ loaded, what, children }: { loaded: Loaded<T>; what: string; children: (data: T) => ReactNode }) {
  if (loaded.data !== undefined) return <>{children(loaded.data)}</>;
  if (!loaded.error) return <Loading what={what} />;
  if (loaded.error instanceof ApiError && loaded.error.status === 503) return <NotReady loaded={loaded} what={what} />;
  const missing = loaded.error instanceof ApiError && loaded.error.notThere;
  return (
    <Callout tone={missing ? 'grey' : 'red'} title={missing ? `This server does not support ${what}.` : `Could not load ${what}.`} live>
      <p>{missing ? 'Update Sluice.' : messageOf(loaded.error)}</p>
      {!missing && (
        <Button size="xs" variant="default" mt="xs" onClick={loaded.reload}>
          Try again
        </Button>
      )}
    </Callout>
  );
}

// The server is not ready for this yet, for example right after a destination was created.
function NotReady<T>({ loaded, what }: { loaded: Loaded<T>; what: string }) {
  const { reload } = loaded;
  useEffect(() => {
    const timer = setInterval(reload, 1_000);
    return () => clearInterval(timer);
  }, [reload]);
  return <Loading what={what} />;
}

export function Empty({ icon, title, children, action }: { icon: IconName; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <Icon name={icon} size={34} />
      <strong className="empty-title">{title}</strong>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}
