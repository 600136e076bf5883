/** A warning about one account. */
export interface AccountWarning {
  readonly code: string;
  readonly detail: string;
  readonly accountId: string;
}
