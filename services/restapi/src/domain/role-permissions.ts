import type { Role } from '@cloudtuner/metadata';
import type { Permission } from '@cloudtuner/restapi-client';

const viewerPermissions = ['organization:read', 'cloud-accounts:read', 'backfills:read', 'costs:read'] as const;
const managerPermissions = [
  ...viewerPermissions,
  'cloud-accounts:write',
  'cloud-accounts:rotate',
  'backfills:write',
  'expense-imports:write',
  'pools:write',
] as const;
const ownerPermissions = [
  ...managerPermissions,
  'users:read',
  'users:write',
  'cloud-accounts:delete',
  'service-tokens:read',
  'service-tokens:write',
  'audit:read',
  'jobs:read',
  'jobs:write',
] as const;

const permissionsByRole: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  viewer: new Set<Permission>(viewerPermissions),
  manager: new Set<Permission>(managerPermissions),
  owner: new Set<Permission>(ownerPermissions),
};

/** True when the role may do it in its organization. */
export function allows(role: Role, permission: Permission): boolean {
  return permissionsByRole[role].has(permission);
}
