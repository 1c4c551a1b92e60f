// The one place that calls the server.
import { markReachable, markUnreachable } from './connection';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  // The server is older than this page, or was built without this call.
  get notThere(): boolean {
    return (this.status === 404 && this.code !== 'not_found') || this.status === 405 || this.status === 501;
  }
}

export const UNREACHABLE = 'unreachable';

type Listener = () => void;
const expiries = new Set<Listener>();

// Called when any call finds that the session is over.
export function onExpiry(listener: Listener): () => void {
  expiries.add(listener);
  return () => expiries.delete(listener);
}

interface Options {
  method?: string;
  body?: unknown;
  signal?: AbortSignal;
  // 401 is an answer to this call, and does not end the session.
  signingIn?: boolean;
}

export async function call<T>(path: string, { method = 'GET', body, signal, signingIn = false }: Options = {}): Promise<T> {
  const response = await send(path, method, body, signal);
  const text = await response.text();
  const answer = parsed(text);
  if (response.ok) return answer as T;
  const { code, message } = errorOf(answer, response.status);
  if (response.status === 401 && !signingIn) expiries.forEach((listener) => listener());
  throw new ApiError(response.status, code, message);
}

async function send(path: string, method: string, body: unknown, signal: AbortSignal | undefined): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-Sluice-Console'] = '1';
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    markUnreachable();
    throw new ApiError(0, UNREACHABLE, 'The server does not answer. This page retries by itself.');
  }
  if (response.status === 502 || response.status === 504) {
    markUnreachable();
    throw new ApiError(response.status, UNREACHABLE, 'The server does not answer. This page retries by itself.');
  }
  markReachable();
  return response;
}

function parsed(text: string): unknown {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorOf(answer: unknown, status: number): { code: string; message: string } {
  if (typeof answer === 'object' && answer !== null) {
    const { code, message } = answer as { code?: unknown; message?: unknown };
    if (typeof message === 'string') return { code: typeof code === 'string' ? code : String(status), message };
  }
  return { code: 'unexpected', message: `The server answered ${status} without a reason. See its log.` };
}

// The message to show for any failure.
export function messageOf(error: unknown): string {
  if (error instanceof ApiError && error.notThere) return 'This server does not support this. Update Sluice.';
  return error instanceof Error ? error.message : String(error);
}
