import { Provider } from 'oidc-provider';

/**
 * A certified OpenID Connect provider as a process of its own, since Jest loads no such modules. It is given all it has as
 * JSON: where it listens, its client, and its people. Whoever `login_hint` names is signed in without a question.
 */
const { issuer, port, client, people } = JSON.parse(process.argv[2] ?? '{}');

const provider = new Provider(issuer, {
  clients: [client],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
  // The claims of the scopes are in the ID token itself.
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_context, id) =>
    people[id] === undefined ? undefined : { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  async loadExistingGrant(context) {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope('openid email profile groups');
    await grant.save();
    return grant;
  },
});

provider.use(async (context, next) => {
  if (!context.path.startsWith('/interaction/')) {
    await next();
    return;
  }
  const { params } = await provider.interactionDetails(context.req, context.res);
  const login = { accountId: params.login_hint };
  context.redirect(await provider.interactionResult(context.req, context.res, { login }));
});

// Ends with the test that has started it, however that ends.
process.stdin.resume().once('end', () => process.exit());

provider.listen(port, '127.0.0.1', () => {
  process.stdout.write('listening\n');
});
