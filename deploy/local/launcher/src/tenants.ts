import { randomBytes } from 'node:crypto';
import { createRestapiClient, type RestapiClient } from '@cloudtuner/restapi-client';
import { sampleClusterOf } from './sample-clusters';
import type { DemoAccount, DemoOrganization, DemoState } from './demo-state';

/** Who the demo creates on its first run: two organizations, so that their isolation can be seen. */
export const demoPlan = [
  {
    name: 'Acme Shop',
    email: 'finance@acme.example',
    account: { name: 'acme-production', profile: 'shop', owner: 'Platform team' },
  },
  {
    name: 'Globex Research',
    email: 'finance@globex.example',
    account: { name: 'globex-lab', profile: 'research', owner: 'Lab operations' },
  },
] as const;

/** An organization with one cluster, before they are there. */
export type PlannedOrganization = (typeof demoPlan)[number];

/** An organization of the demo with a client that speaks for its owner. */
export interface SignedInOrganization {
  readonly organization: DemoOrganization;
  readonly token: string;
  readonly client: RestapiClient;
}

async function signIn(restapiUrl: string, organization: DemoOrganization): Promise<SignedInOrganization> {
  const { email, password } = organization;
  const { token } = await createRestapiClient({ baseUrl: restapiUrl }).createToken({ body: { email, password } });
  return { organization, token, client: createRestapiClient({ baseUrl: restapiUrl, token: () => token }) };
}

async function connectCluster(
  signedIn: SignedInOrganization,
  account: PlannedOrganization['account'],
): Promise<DemoAccount> {
  const { id, credentials } = await signedIn.client.createCloudAccount({
    params: { organization_id: signedIn.organization.id },
    body: {
      name: account.name,
      type: 'kubernetes_cnr',
      region: sampleClusterOf(account).region,
      owner: account.owner,
    },
  });
  return {
    id,
    name: account.name,
    profile: account.profile,
    write_username: credentials.username,
    write_password: credentials.password,
  };
}

/**
 * Creates what `state` does not know yet and signs everybody in.
 *
 * @param save called after each step, so that an interrupted first run is taken up where it was left.
 */
export async function ensureTenants(
  restapiUrl: string,
  state: DemoState,
  save: () => void,
  plan: readonly PlannedOrganization[] = demoPlan,
): Promise<SignedInOrganization[]> {
  const operator = createRestapiClient({ baseUrl: restapiUrl, secret: state.cluster_secret });
  const signedIn: SignedInOrganization[] = [];
  for (const planned of plan) {
    let organization = state.organizations.find(({ name }) => name === planned.name);
    if (organization === undefined) {
      const password = randomBytes(12).toString('base64url');
      const owner = { email: planned.email, display_name: `${planned.name} finance`, password };
      const { id } = await operator.createOrganization({ body: { name: planned.name, currency: 'USD', owner } });
      organization = { id, name: planned.name, email: planned.email, password, cloud_accounts: [] };
      state.organizations.push(organization);
      save();
    }
    const session = await signIn(restapiUrl, organization);
    if (organization.cloud_accounts.length === 0) {
      organization.cloud_accounts.push(await connectCluster(session, planned.account));
      save();
    }
    signedIn.push(session);
  }
  return signedIn;
}
