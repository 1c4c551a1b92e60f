// The address that SDKs send events to, from the server's listening address and this page's host.
export function intakeAddress(listen: string | undefined, host: string): string {
  const at = listen?.lastIndexOf(':') ?? -1;
  if (!listen || at < 0) return '';
  const name = listen.slice(0, at);
  const everywhere = name === '0.0.0.0' || name === '[::]' || name === '*' || name === '';
  return `http://${everywhere ? host : name}${listen.slice(at)}`;
}
