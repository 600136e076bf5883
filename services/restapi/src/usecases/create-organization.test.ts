import { AppError } from '@cloudtuner/errors';
import { createOrganization } from './create-organization';

const created = { id: 'organization', name: 'Acme', currency: 'USD', createdAt: new Date(0) };
const person = { email: 'ada@example.org', displayName: 'Ada', password: 'long enough a password' };

function world(removal: Promise<void> = Promise.resolve()) {
  const removed: string[] = [];
  return {
    removed,
    organizations: {
      create: async () => created,
      remove: async (organizationId: string) => {
        removed.push(organizationId);
        await removal;
      },
    },
    users: { create: () => Promise.reject(new AppError('user-exists', 'taken')) },
  };
}

describe('createOrganization', () => {
  it('takes the organization back when its owner cannot be created', async () => {
    const dependencies = world();
    await expect(createOrganization(dependencies, created, person, () => 'record')).rejects.toMatchObject({
      code: 'user-exists',
    });
    expect(dependencies.removed).toEqual(['organization']);
  });

  it('reports what failed first, also when taking it back fails', async () => {
    const dependencies = world(Promise.reject(new AppError('metadata-unavailable', 'gone')));
    await expect(createOrganization(dependencies, created, person, () => 'record')).rejects.toMatchObject({
      code: 'user-exists',
    });
  });
});
