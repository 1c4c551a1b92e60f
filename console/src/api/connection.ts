// Whether the server answers. Pages load again by themselves when it is back.
type Listener = () => void;

let reachable = true;
let sinceMs = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
const watchers = new Set<Listener>();
const returns = new Set<Listener>();

const RETRY_MS = 1_000;

export function isReachable(): boolean {
  return reachable;
}

export function unreachableSince(): number {
  return sinceMs;
}

export function watchConnection(listener: Listener): () => void {
  watchers.add(listener);
  return () => watchers.delete(listener);
}

// Called when the server answers again after it was unreachable.
export function onReturn(listener: Listener): () => void {
  returns.add(listener);
  return () => returns.delete(listener);
}

export function markReachable(): void {
  if (reachable) return;
  reachable = true;
  clearTimeout(timer);
  watchers.forEach((listener) => listener());
  returns.forEach((listener) => listener());
}

export function markUnreachable(): void {
  if (!reachable) return;
  reachable = false;
  sinceMs = Date.now();
  watchers.forEach((listener) => listener());
  probe();
}

function probe(): void {
  timer = setTimeout(() => {
    fetch('/api/v2/caller-identity', { credentials: 'same-origin' }).then(
      // A proxy in between answers 502 or 504 for a server that is down.
      (response) => (response.status === 502 || response.status === 504 ? probe() : markReachable()),
      probe,
    );
  }, RETRY_MS);
}
