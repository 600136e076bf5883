import { permissions, type Permission } from '@cloudtuner/restapi-client';
import { allows } from './role-permissions';

/** Viewers read; managers also connect accounts, rotate and backfill; owners also handle users and delete. */
const expected: Readonly<Record<Permission, readonly [viewer: boolean, manager: boolean, owner: boolean]>> = {
  'organization:read': [true, true, true],
  'cloud-accounts:read': [true, true, true],
  'backfills:read': [true, true, true],
  'costs:read': [true, true, true],
  'cloud-accounts:write': [false, true, true],
  'cloud-accounts:rotate': [false, true, true],
  'backfills:write': [false, true, true],
  'expense-imports:write': [false, true, true],
  'pools:write': [false, true, true],
  'users:read': [false, false, true],
  'users:write': [false, false, true],
  'cloud-accounts:delete': [false, false, true],
  'service-tokens:read': [false, false, true],
  'service-tokens:write': [false, false, true],
  'audit:read': [false, false, true],
  'jobs:read': [false, false, true],
  'jobs:write': [false, false, true],
};

describe('allows', () => {
  it.each(permissions)('%s', (permission) => {
    expect((['viewer', 'manager', 'owner'] as const).map((role) => allows(role, permission))).toEqual(
      expected[permission],
    );
  });
});
