const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** etcd as somebody who changes settings has it: by its JSON gateway. */
export interface EtcdKeys {
  /** @returns the revision of the change */
  put(key: string, value: string): Promise<string>;
  compact(revision: string): Promise<void>;
  /** Asks for a user from now on; `reader` may read everything and has this password. */
  requireUser(password: string): Promise<void>;
}

/** Talks to one. */
export function etcdKeys(url: string): EtcdKeys {
  const post = async (path: string, body: object): Promise<{ header?: { revision?: string } }> => {
    const answer = await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return (await answer.json()) as { header?: { revision?: string } };
  };
  return {
    put: async (key, value) =>
      (await post('kv/put', { key: base64(key), value: base64(value) })).header?.revision ?? '0',
    async compact(revision) {
      await post('kv/compaction', { revision, physical: true });
    },
    async requireUser(password) {
      for (const [name, role] of [
        ['root', 'root'],
        ['reader', 'settings'],
      ] as const) {
        await post('auth/role/add', { name: role });
        await post('auth/user/add', { name, password });
        await post('auth/user/grant', { user: name, role });
      }
      const everything = { permType: 'READ', key: base64('/'), range_end: base64('0') };
      await post('auth/role/grant', { name: 'settings', perm: everything });
      await post('auth/enable', {});
    },
  };
}
