// Sign-in, the frame, and the page shown.
import { lazy, Suspense, useEffect, useRef } from 'react';
import { KindsProvider } from './api/kinds';
import { ServerStatusProvider } from './api/server_status';
import { useSession } from './api/session';
import { Loading } from './parts/loading';
import { Toasts } from './parts/toasts';
import { Frame } from './pages/frame';
import { IntegrationsPage } from './pages/integrations_page';
import { NotFound } from './pages/not_found';
import { SignIn } from './pages/sign_in';
import { usePlace } from './router';

const DestinationPage = lazy(() => import('./pages/destination_page'));
const FlagsPage = lazy(() => import('./pages/flags_page'));
const EnvironmentsPage = lazy(() => import('./pages/environments_page'));
const EnvironmentPage = lazy(() => import('./pages/environment_page'));
const LivePage = lazy(() => import('./pages/live_page'));
const UsagePage = lazy(() => import('./pages/usage_page'));
const TokensPage = lazy(() => import('./pages/tokens_page'));
const AuditPage = lazy(() => import('./pages/audit_page'));
const DocsPage = lazy(() => import('./pages/docs_page'));

export function App() {
  const { phase } = useSession();
  if (phase === 'loading') return <Loading what="the console" />;
  if (phase === 'out') return <SignIn />;
  const expired = phase === 'expired';
  return (
    <ServerStatusProvider signedIn={!expired}>
      <KindsProvider signedIn={!expired}>
        <div {...(expired && { inert: '' })}>
          <Frame>
            <Suspense fallback={<Loading what="the page" />}>
              <CurrentPage />
            </Suspense>
          </Frame>
        </div>
      </KindsProvider>
      {expired && <SignIn expired />}
      <Toasts />
    </ServerStatusProvider>
  );
}

// A new page starts at its top, for the eye and for the keyboard.
function useScrollToTop(path: string): void {
  const last = useRef(path);
  useEffect(() => {
    if (last.current === path) return;
    last.current = path;
    if (!location.hash) scrollTo(0, 0);
    document.getElementById('page')?.focus({ preventScroll: true });
  }, [path]);
}

function CurrentPage() {
  const { path, parts } = usePlace();
  useScrollToTop(path);
  const [page = '', first, second, third] = parts;
  switch (page) {
    case '':
      return <IntegrationsPage />;
    case 'destinations':
      if (first && second && third) return <DestinationPage key={third} project={first} environment={second} id={third} />;
      return <IntegrationsPage />;
    case 'flags':
      return <FlagsPage />;
    case 'environments':
      if (first && second) return <EnvironmentPage key={`${first}/${second}`} project={first} environment={second} />;
      return <EnvironmentsPage />;
    case 'live':
      return <LivePage />;
    case 'usage':
      return <UsagePage />;
    case 'tokens':
      return <TokensPage />;
    case 'audit':
      return <AuditPage />;
    case 'docs':
      return <DocsPage page={first} />;
    default:
      return <NotFound />;
  }
}
