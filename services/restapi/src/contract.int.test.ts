import { randomInt } from 'node:crypto';
import { sharedServers } from '@cloudtuner/test-kit';
import { z } from 'zod';
import { createBilledCluster, today, type BilledCluster } from './testing/billed-cluster';
import { tryContract, type SchemathesisEffort } from './testing/schemathesis';
import { startTestWorld, type TestWorld } from './testing/test-world';
import { answerUsage } from './testing/usage-answers';

// `npm run contract` tries harder, with a new seed each time.
const { contractSeconds } = z.object({ contractSeconds: z.int().optional() }).parse(globalThis);
const effort: SchemathesisEffort =
  contractSeconds === undefined
    ? { phases: ['fuzzing', 'stateful'], maxExamples: 2, seed: null, maxSeconds: null }
    : {
        phases: ['examples', 'coverage', 'fuzzing', 'stateful'],
        maxExamples: 1_000,
        seed: randomInt(1_000_000_000),
        maxSeconds: contractSeconds,
      };

let world: TestWorld;
let stored: BilledCluster;

beforeAll(async () => {
  world = await startTestWorld(sharedServers(), {
    nowMs: (today + 10.5 * 3600) * 1000,
    environment: { RATE_LIMIT_TOKEN_UNITS: '100000000', RATE_LIMIT_ORGANIZATION_UNITS: '100000000' },
  });
  answerUsage(world.metroculus);
  stored = await createBilledCluster(world);
}, 120_000);
afterAll(() => world.stop());

describe('the API and its document', () => {
  it(
    'say the same, whatever is asked',
    async () => {
      const { organization, api, cluster, bills } = stored;
      const spare = await api.createPersonalToken({ body: { name: 'to sign out' } });
      const outcome = await tryContract(
        {
          url: world.harness.url,
          token: organization.owner.token,
          spareToken: spare.token,
          clusterSecret: world.harness.clusterSecret,
          ids: {
            'path.organization_id': organization.id,
            'query.organization_id': organization.id,
            'path.cloud_account_id': cluster,
            'path.cluster_id': cluster,
          },
          bills,
        },
        effort,
      );
      expect(outcome.exitCode === 0 ? '' : outcome.output).toBe('');
      expect(outcome.output).toMatch(/Tested: [1-9]\d/);
    },
    ((contractSeconds ?? 120) + 120) * 1000,
  );
});
