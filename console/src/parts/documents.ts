// The documents in a destination's set-up help: its members that are objects or texts.
import type { PolicyKind } from '../form/policy_forms';
import type { SetupHelp } from '../api/types';

export interface SetupDocument {
  name: string;
  title: string;
  // How its code is called for screen readers.
  what: string;
  value: object | string;
  // An AWS policy is shown for Terraform and the command line too.
  policy?: PolicyKind;
}

const POLICIES: Record<string, { title: string; what: string; policy: PolicyKind }> = {
  permissionPolicy: { title: 'Permission policy of the role', what: 'permission policy', policy: 'permission' },
  trustPolicy: { title: 'Trust policy of the role', what: 'trust policy', policy: 'trust' },
  assumeRolePolicy: { title: 'For the identity that Sluice runs as', what: "policy of Sluice's identity", policy: 'assume' },
};

// "verifySignature" is "Verify signature".
export function titleOf(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').replace(/([a-z0-9])([A-Z])/g, '$1 $2').trim().toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function documentsOf(help: SetupHelp | undefined): SetupDocument[] {
  return Object.entries(help ?? {}).flatMap(([name, value]): SetupDocument[] => {
    if (name.startsWith('_') || (typeof value === 'string' ? value === '' : typeof value !== 'object' || value === null)) return [];
    const shown = value as object | string;
    const known = typeof shown === 'object' ? POLICIES[name] : undefined;
    return [{ name, value: shown, ...(known ?? { title: titleOf(name), what: titleOf(name).toLowerCase() }) }];
  });
}
