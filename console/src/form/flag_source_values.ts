// What the form of a flag source shows of an environment, and what it saves. Pure.
import type { FlagSourceChange } from '../api/calls';
import type { Environment } from '../api/types';

export const SITES = ['launchdarkly.com', 'eu.launchdarkly.com', 'launchdarkly.us'];
export const OWN_ADDRESS = 'own';

export interface FlagSourceValues {
  // A site of LaunchDarkly, or 'own', 'files', 'none'.
  source: string;
  streamUri: string;
  baseUri: string;
  files: string[];
  reasons: boolean;
}

export function valuesOf(environment: Environment): FlagSourceValues {
  const { flagSource, flagSite, flagStreamUri, flagBaseUri, flagFiles, flagReasons } = environment;
  const isOwn = flagStreamUri !== undefined || flagBaseUri !== undefined;
  return {
    source: flagSource !== 'launchdarkly' ? flagSource : isOwn ? OWN_ADDRESS : (flagSite ?? SITES[0]!),
    streamUri: flagStreamUri ?? '', baseUri: flagBaseUri ?? '', files: flagFiles ?? [], reasons: flagReasons ?? false,
  };
}

// Members of another source than the selected one are removed: the server refuses them.
export function changeOf({ source, streamUri, baseUri, files, reasons }: FlagSourceValues): FlagSourceChange {
  const isOwn = source === OWN_ADDRESS;
  const isSite = SITES.includes(source);
  return {
    flagSource: isOwn || isSite ? 'launchdarkly' : source === 'files' ? 'files' : 'none',
    flagSite: isSite && source !== SITES[0] ? source : null,
    flagStreamUri: isOwn ? streamUri.trim() || null : null,
    flagBaseUri: isOwn ? baseUri.trim() || null : null,
    flagFiles: source === 'files' ? files : null,
    flagReasons: reasons && source !== 'none' ? true : null,
  };
}
