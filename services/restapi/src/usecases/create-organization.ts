import { randomUUID } from 'node:crypto';
import type {
  NewOrganization,
  NewUser,
  Organization,
  OrganizationsRepository,
  OutboxEntry,
  User,
  UsersRepository,
} from '@cloudtuner/metadata';

interface Dependencies {
  readonly organizations: Pick<OrganizationsRepository, 'create' | 'remove'>;
  readonly users: Pick<UsersRepository, 'create'>;
}

/**
 * Creates an organization with its first owner. The organization comes first and is taken back when its owner cannot
 * be created, so that what is left after a crash is an organization that nobody sees, and the call can be repeated.
 *
 * @throws AppError `user-exists`, `metadata-unavailable`
 */
export async function createOrganization(
  { organizations, users }: Dependencies,
  organization: NewOrganization,
  owner: Omit<NewUser, 'role'>,
  recordIn: (organizationId: string) => OutboxEntry,
): Promise<{ organization: Organization; owner: User }> {
  const organizationId = randomUUID();
  // With the owner, who is what makes the creation whole.
  const record = recordIn(organizationId);
  const created = await organizations.create(organizationId, organization);
  try {
    return { organization: created, owner: await users.create(created.id, { ...owner, role: 'owner' }, record) };
  } catch (error) {
    // What failed first is what the caller must hear, whether or not this succeeds.
    await organizations.remove(created.id).catch(() => undefined);
    throw error;
  }
}
