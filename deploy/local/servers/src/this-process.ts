/** What the starters need to know of the process that they run in; the one place that looks. */
export const thisProcess = {
  /** The Node that runs this. */
  nodePath: process.execPath,
  isLinux: process.platform === 'linux',
  /** `uid:gid`, where the system has such. */
  user(): string | undefined {
    return process.getuid && process.getgid ? `${process.getuid()}:${process.getgid()}` : undefined;
  },
  /** The given variables of the environment, those that are set. */
  environment(names: readonly string[]): Record<string, string> {
    return Object.fromEntries(
      names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    );
  },
};
