// The few icons, drawn here: no font, no request.
const PATHS = {
  integrations: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM16.5 13v7M13 16.5h7',
  flags: 'M5 21V4M5 5c5-3 8 3 14 0v9c-6 3-9-3-14 0',
  environments: 'M4 7l8-4 8 4-8 4zM4 12l8 4 8-4M4 17l8 4 8-4',
  live: 'M3 12h4l3-8 4 16 3-8h4',
  usage: 'M4 20V10M10 20V4M16 20v-7M21 20H3',
  tokens: 'M15 9a4 4 0 1 1-4-4 4 4 0 0 1 4 4zM14 12l6 6M17 15l2-2',
  audit: 'M6 3h9l4 4v14H6zM9 10h6M9 14h6M9 18h4',
  docs: 'M4 5c3-1.5 6-1 8 1 2-2 5-2.5 8-1v14c-3-1.5-6-1-8 1-2-2-5-2.5-8-1zM12 6v14',
  search: 'M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM20 20l-4.5-4.5',
  edit: 'M4 20l1-5L16 4l4 4L9 19zM13.5 6.5l4 4',
  plus: 'M12 5v14M5 12h14',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  done: 'M4 12.5l5 5L20 6.5',
  warn: 'M12 4l9 16H3zM12 10v4M12 17v.5',
  fail: 'M6 6l12 12M18 6L6 18',
  menu: 'M4 6h16M4 12h16M4 18h16',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z',
  screen: 'M3 5h18v12H3zM8 21h8M12 17v4',
  out: 'M14 4H5v16h9M10 12h11M17 8l4 4-4 4',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14M10 11v6M14 11v6',
  dot: 'M12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6z',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 4l13 8-13 8z',
  eye: 'M2 12c3-5 6.5-7.5 10-7.5S19 7 22 12c-3 5-6.5 7.5-10 7.5S5 17 2 12zM12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6z',
  down: 'M12 4v12M7 11l5 5 5-5M4 20h16',
  reset: 'M4 12a8 8 0 1 1 2.5 5.8M4 19v-5h5',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Logo({ size = 30 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="#134a56" />
      <path d="M8 6v20M24 6v20M8 11h16" stroke="#5fd0c8" strokeWidth="3" strokeLinecap="round" fill="none" />
      <path d="M8 18c2.7-2.4 5.3-2.4 8 0s5.3 2.4 8 0M8 24c2.7-2.4 5.3-2.4 8 0s5.3 2.4 8 0" fill="none" stroke="#bff0e8" strokeWidth="2.4" strokeLinecap="round" />
    </svg>
  );
}

// The marks of kinds of destinations, by the name that the server gives: drawings, nobody's logo.
const MARKS: Record<string, { fill: string; line: string; path: string }> = {
  stream: { fill: '#51318f', line: '#e6dcff', path: 'M8 13c8 0 8 7 24 7M8 20h24M8 27c8 0 8-7 24-7' },
  bucket: { fill: '#2f6b2f', line: '#dff3d8', path: 'M9 13c0-5 22-5 22 0s-22 5-22 0l3 15c1 4 15 4 16 0l3-15' },
  webhook: { fill: '#8a3b12', line: '#ffe3d2', path: 'M16 17a5 5 0 1 1 7-2l5 9M24 24a5 5 0 1 1 2 7.5h-10M16 31.5a5 5 0 1 1-4-9.5l5-8' },
  tee: { fill: '#1c4f8f', line: '#dcebff', path: 'M7 20h9c5 0 5-8 10-8h6M16 20c5 0 5 8 10 8h6M28 8.5l4 3.5-4 3.5M28 24.5l4 3.5-4 3.5' },
};
const ANY_MARK = { fill: '#134a56', line: '#bff0e8', path: 'M8 20h20M21 12l8 8-8 8' };

export function KindMark({ icon, size = 40 }: { icon: string; size?: number }) {
  const { fill, line, path } = MARKS[icon] ?? ANY_MARK;
  return (
    <svg className="kind-mark" width={size} height={size} viewBox="0 0 40 40" aria-hidden="true" focusable="false">
      <rect width="40" height="40" rx="9" fill={fill} />
      <path d={path} fill="none" stroke={line} strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
