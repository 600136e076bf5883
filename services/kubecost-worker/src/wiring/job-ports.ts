import type { NamedAccounts } from '../adapters/metadata/accounts';
import type { Clock, Locks, Log } from '../ports';

/** What nearly every job needs. */
export interface JobPorts {
  readonly accounts: NamedAccounts;
  readonly locks: Locks;
  readonly now: Clock;
  readonly log: Log;
}
