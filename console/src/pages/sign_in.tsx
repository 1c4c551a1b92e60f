// Sign in with an access token. Shown over the page when a session has ended, so that typed text is kept.
import { Button, PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { ApiError, messageOf } from '../api/http';
import { useReachable } from '../api/server_status';
import { useSession } from '../api/session';
import { useAction } from '../api/use_action';
import { Callout } from '../parts/callout';
import { Logo } from '../parts/icons';

function words(error: unknown): string {
  if (error instanceof ApiError && error.status === 401) return 'Unknown access token. Check that you copied all of it: it begins with api-.';
  return messageOf(error);
}

export function SignIn({ expired = false }: { expired?: boolean }) {
  const { signIn, fault } = useSession();
  const reachable = useReachable();
  const [token, setToken] = useState('');
  const action = useAction(() => signIn(token.trim()));
  return (
    <main className={expired ? 'sign-in over' : 'sign-in'}>
      <div className="card">
        <div style={{ display: 'flex', gap: 12, alignItems: 'center', marginBottom: 20 }}>
          <Logo size={40} />
          <div>
            <h1 style={{ margin: 0, fontSize: 22 }}>Sluice</h1>
            <div className="dim small">Data Export for feature flags</div>
          </div>
        </div>
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            if (token.trim()) void action.run();
          }}
        >
          {expired && (
            <Callout tone="blue" title="Your session has ended." live>
              <p>Sign in again. What you typed is still there.</p>
            </Callout>
          )}
          {!reachable && (
            <Callout tone="amber" title="The server does not answer." live>
              <p>Reconnecting …</p>
            </Callout>
          )}
          {fault && reachable && <Callout tone="red" title={fault} />}
          <PasswordInput label="Access token" description="Begins with api-. Sluice prints one at its first start." placeholder="api-…" value={token}
            onChange={(event) => setToken(event.currentTarget.value)} autoFocus autoComplete="current-password" name="token"
            error={action.error ? words(action.error) : undefined} />
          <Button type="submit" loading={action.running} disabled={!token.trim()} fullWidth>Sign in</Button>
          <p className="small dim" style={{ margin: 0 }}>
            Lost it? Set <span className="mono">SLUICE_ADMIN_TOKEN</span> and restart Sluice, or ask your administrator.{' '}
            <a href="/api/docs">REST API</a>
          </p>
        </form>
      </div>
    </main>
  );
}
