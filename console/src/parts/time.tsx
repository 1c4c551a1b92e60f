// A time: relative, with the exact one on hover.
import { useNow } from '../api/server_status';
import { exact, relative, toMs, type Instant } from '../format/times';

export function Time({ at, none = 'never' }: { at: Instant; none?: string }) {
  const now = useNow();
  const ms = toMs(at);
  if (ms === null) return <span className="dim">{none}</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={exact(ms)}>
      {relative(ms, now)}
    </time>
  );
}
