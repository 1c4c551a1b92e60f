// The policies as JSON, Terraform and AWS CLI.
export type PolicyForm = 'json' | 'terraform' | 'cli';
export type PolicyKind = 'permission' | 'trust' | 'assume';

export function roleNameOf(roleArn: string): string {
  const name = roleArn.trim().split('/').at(-1) ?? '';
  return /^[\w+=,.@-]{1,64}$/.test(name) ? name : 'sluice-export';
}

const pretty = (policy: object) => JSON.stringify(policy, null, 2);
// In Terraform, ${ and %{ begin an expression.
const hcl = (policy: object) => pretty(policy).replace(/([$%])\{/g, '$1$1{').replace(/^(\s*)("[^"]+"): /gm, '$1$2 = ').replace(/\n/g, '\n  ');
const quoted = (policy: object) => `'${JSON.stringify(policy).replace(/'/g, `'\\''`)}'`;

export function policyText(form: PolicyForm, kind: PolicyKind, policy: object, role: string): string {
  if (form === 'json') return pretty(policy);
  const label = role.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(\d)/, '_$1');
  if (form === 'terraform') {
    if (kind === 'trust') return `resource "aws_iam_role" "${label}" {\n  name               = "${role}"\n  assume_role_policy = jsonencode(${hcl(policy)})\n}`;
    if (kind === 'permission')
      return `resource "aws_iam_role_policy" "${label}" {\n  name   = "sluice-export"\n  role   = aws_iam_role.${label}.id\n  policy = jsonencode(${hcl(policy)})\n}`;
    return `resource "aws_iam_policy" "sluice_assume_${label}" {\n  name   = "sluice-assume-${role}"\n  policy = jsonencode(${hcl(policy)})\n}`;
  }
  if (kind === 'trust') return `aws iam create-role --role-name ${role} \\\n  --assume-role-policy-document ${quoted(policy)}`;
  if (kind === 'permission') return `aws iam put-role-policy --role-name ${role} \\\n  --policy-name sluice-export \\\n  --policy-document ${quoted(policy)}`;
  return `aws iam create-policy --policy-name sluice-assume-${role} \\\n  --policy-document ${quoted(policy)}`;
}
