import { groupsOf, identityProvidersText, roleOfGroups } from './identity-provider';

const provider = { name: 'corporate', issuer: 'https://idp.example.com', client_id: 'restapi', organizations: 'all' };
const parse = (...providers: object[]) => identityProvidersText.parse(JSON.stringify(providers));
const complaintOf = (text: string): string => identityProvidersText.safeParse(text).error?.issues[0]?.message ?? '';

describe('OIDC_PROVIDERS', () => {
  it('needs little, and trusts nothing that it is not told to', () => {
    expect(parse(provider)).toMatchObject([
      {
        displayName: 'corporate',
        clientSecret: null,
        redirectUris: [],
        groupsClaim: 'groups',
        trustEmail: false,
        linkByEmail: false,
        allowHttp: false,
        endpointHosts: [],
        maxTokenAgeSeconds: 600,
      },
    ]);
  });

  it.each<[string, object[]]>([
    ['an issuer without TLS', [{ ...provider, issuer: 'http://idp.example.com' }]],
    ['no word about whom it serves', [{ ...provider, organizations: undefined }]],
    ['nobody whom it serves', [{ ...provider, organizations: [] }]],
    ['a field that is not known', [{ ...provider, clientid: 'x' }]],
    ['two of one name', [provider, provider]],
    ['addresses that link users of all organizations', [{ ...provider, link_by_email: true }]],
    ['a redirect with a query', [{ ...provider, redirect_uris: ['https://app.example.com/back?a=b'] }]],
    ['a redirect with an empty query', [{ ...provider, redirect_uris: ['https://app.example.com/back?'] }]],
    ['a redirect without a path', [{ ...provider, redirect_uris: ['https://app.example.com'] }]],
    ['a redirect in capitals', [{ ...provider, redirect_uris: ['https://App.example.com/back'] }]],
  ])('is refused with %s', (_title, providers) => {
    expect(complaintOf(JSON.stringify(providers))).not.toBe('');
  });

  it('is refused without a word of what it holds', () => {
    const secret = 'the secret of a client';
    const faulty = complaintOf(JSON.stringify([{ ...provider, client_secret: secret, issuer: 1 }]));
    expect(faulty).toContain('issuer');
    expect(faulty + complaintOf(`[{"client_secret": "${secret}", oops`)).not.toContain('the secret');
  });
});

describe('groups', () => {
  it.each<[string, object, string, readonly string[] | null]>([
    ['a list', { groups: ['a', 'b'] }, 'groups', ['a', 'b']],
    ['one text', { groups: 'a' }, 'groups', ['a']],
    ['nothing', {}, 'groups', []],
    ['what is no text in a list', { groups: ['a', 1, null, {}] }, 'groups', ['a']],
    ['claims within claims', { realm_access: { roles: ['a'] } }, 'realm_access.roles', ['a']],
    ['a name with dots', { 'https://example.com/groups': ['a'] }, 'https://example.com/groups', ['a']],
    ['what every object has', {}, 'constructor.name', []],
    ['a list that is elsewhere', { _claim_names: { groups: 'src1' } }, 'groups', null],
    ['only that there are some', { hasgroups: true }, 'groups', null],
  ])('are read from %s', (_title, claims, name, expected) => {
    expect(groupsOf({ ...claims }, name)).toEqual(expected);
  });

  it('have the most powerful role of any, none without one', () => {
    const roles = [
      { group: 'a', role: 'viewer' },
      { group: 'b', role: 'owner' },
      { group: 'c', role: 'manager' },
    ] as const;
    expect(roleOfGroups(roles, ['a', 'c'])).toBe('manager');
    expect(roleOfGroups(roles, ['c', 'b', 'a'])).toBe('owner');
    expect(roleOfGroups(roles, ['A', 'd'])).toBeNull();
  });
});
