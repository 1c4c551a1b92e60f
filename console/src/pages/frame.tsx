// The frame of every page: navigation, top bar, banners.
import { ActionIcon, Menu, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import { useReachable, useServerStatus } from '../api/server_status';
import { useSession } from '../api/session';
import { bytes } from '../format/bytes';
import { duration } from '../format/durations';
import { Icon, Logo, type IconName } from '../parts/icons';
import { Link, usePlace } from '../router';
import { journalState } from './journal_state';

const PAGES: { to: string; name: string; icon: IconName; adminOnly?: boolean }[] = [
  { to: '/', name: 'Integrations', icon: 'integrations' },
  { to: '/flags', name: 'Flags', icon: 'flags' },
  { to: '/environments', name: 'Environments', icon: 'environments' },
  { to: '/live', name: 'Live events', icon: 'live' },
  { to: '/usage', name: 'Usage', icon: 'usage' },
  { to: '/tokens', name: 'Access tokens', icon: 'tokens', adminOnly: true },
  { to: '/audit', name: 'Audit log', icon: 'audit' },
  { to: '/docs', name: 'Documentation', icon: 'docs' },
];

export function Frame({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const { path } = usePlace();
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    if (!open) return;
    const close = (event: KeyboardEvent) => event.key === 'Escape' && setOpen(false);
    addEventListener('keydown', close);
    return () => removeEventListener('keydown', close);
  }, [open]);
  return (
    <div className="frame">
      <Rail open={open} />
      {open && <button type="button" className="veil" aria-label="Close the menu" onClick={() => setOpen(false)} />}
      <div style={{ minWidth: 0 }}>
        <TopBar openMenu={() => setOpen(true)} menuOpen={open} />
        <Banners />
        {children}
      </div>
    </div>
  );
}

function Rail({ open }: { open: boolean }) {
  const { path } = usePlace();
  const { mayAdmin } = useSession();
  const { data } = useServerStatus();
  const isHere = (to: string) => (to === '/' ? path === '/' || path.startsWith('/destinations') : path === to || path.startsWith(`${to}/`));
  return (
    <nav className={open ? 'rail open' : 'rail'} id="rail" aria-label="Pages">
      <Link to="/" className="brand">
        <Logo /> Sluice
      </Link>
        <ul>
          {PAGES.filter((page) => !page.adminOnly || mayAdmin).map((page) => (
            <li key={page.to}>
              <Link to={page.to} {...(isHere(page.to) && { 'aria-current': 'page' as const })}>
                <Icon name={page.icon} /> {page.name}
              </Link>
            </li>
          ))}
        </ul>
      <div className="foot">{data ? `Sluice ${data.version}` : 'Sluice'}</div>
    </nav>
  );
}

function TopBar({ openMenu, menuOpen }: { openMenu: () => void; menuOpen: boolean }) {
  const { caller, signOut } = useSession();
  return (
    <div className="topbar" role="region" aria-label="Server and session">
      <ActionIcon className="menu" variant="subtle" color="gray" size="lg" aria-label="Open the menu" aria-controls="rail" aria-expanded={menuOpen} onClick={openMenu}>
        <Icon name="menu" />
      </ActionIcon>
      <ServerState />
      <span className="space" />
      <SchemeMenu />
      <Menu position="bottom-end" transitionProps={{ duration: 0 }}>
        <Menu.Target>
          <button type="button" className="who" aria-label={`${caller?.tokenName ?? 'A token'}: signed in, ${caller?.role ?? ''}`}>
            <span className="who-mark" aria-hidden="true" data-initial={(caller?.tokenName ?? '?').slice(0, 1).toUpperCase()} />
            <span className="who-name">{caller?.tokenName}</span>
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{caller?.tokenName}: {caller?.role}</Menu.Label>
          <Menu.Item leftSection={<Icon name="out" size={16} />} onClick={() => void signOut()}>Sign out</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

const SCHEMES: { value: MantineColorScheme; name: string; icon: IconName }[] = [
  { value: 'light', name: 'Light', icon: 'sun' },
  { value: 'dark', name: 'Dark', icon: 'moon' },
  { value: 'auto', name: 'System', icon: 'screen' },
];

function SchemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const now = SCHEMES.find((scheme) => scheme.value === colorScheme) ?? SCHEMES[2]!;
  return (
    <Menu position="bottom-end" transitionProps={{ duration: 0 }}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Colours: ${now.name}`} c="var(--mantine-color-dimmed)">
          <Icon name={now.icon} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {SCHEMES.map((scheme) => (
          <Menu.Item key={scheme.value} leftSection={<Icon name={scheme.icon} size={16} />} onClick={() => setColorScheme(scheme.value)}
            rightSection={scheme.value === colorScheme ? <Icon name="done" size={14} /> : null}>
            {scheme.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function ServerState() {
  const { data } = useServerStatus();
  const reachable = useReachable();
  if (!reachable) return <span className="state red">Reconnecting …</span>;
  if (!data) return null;
  const { tone, left } = journalState(data.journal);
  const room = `${bytes(data.journal.freeBytes)} of ${bytes(data.journal.capacityBytes)} free`;
  const title = `Journal: ${room}. ${left === null ? 'At the current rate it does not fill up.' : `At the current rate it is full in ${duration(left)}.`}`;
  return (
    <span style={{ display: 'inline-flex', gap: 16, alignItems: 'center', minWidth: 0 }} title={title}>
      <span className={`state ${data.ready ? 'green' : 'red'}`}>{data.ready ? 'Ready' : 'Not ready'}</span>
      <span className={`small journal ${tone === 'green' ? 'dim' : tone}`}>
        Journal: {room}{left !== null && tone !== 'green' ? `, full in ${duration(left)}` : ''}
      </span>
    </span>
  );
}

function Banners() {
  const reachable = useReachable();
  const { data } = useServerStatus();
  if (!reachable)
    return (
      <div className="banner red" role="alert">
        <strong>The server does not answer.</strong> Reconnecting … This page shows the last data received. SDKs buffer events for a short time and retry.
      </div>
    );
  if (!data) return null;
  if (!data.ready)
    return (
      <div className="banner red" role="alert">
        <strong>Sluice is not accepting events.</strong> {data.reason}
      </div>
    );
  const { tone, left } = journalState(data.journal);
  if (tone === 'green' || left === null) return null;
  return (
    <div className={`banner ${tone}`} role="status">
      <strong>The journal will be full in {duration(left)} at the current rate.</strong>
      Fix the destinations that do not deliver, or increase its size: <Link to="/docs/configuration">journal.max_bytes</Link>
    </div>
  );
}
