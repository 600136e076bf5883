import {
  compressSnappy,
  createReservedLabels,
  rewriteWriteRequest,
  WireWriter,
  type LabelNameRule,
  type RewriteResult,
  type WriteLimits,
} from '@cloudtuner/remote-write';

/** What goes to the store, and what became of the rest. */
export interface CheckedWrite extends Omit<RewriteResult, 'bytes'> {
  /** Compressed: the sender's own body when nothing had to change. */
  readonly body: Uint8Array;
}

export type ValidateAndRewrite = (
  accountId: string,
  request: { readonly body: Uint8Array; readonly decoded: Uint8Array },
  nowMs: number,
) => CheckedWrite;

/**
 * Checks every series and label. Bad series are left out, reserved labels renamed, labels sorted; for a store without
 * tenants (`tenantLabel`) the account becomes a label of every series.
 *
 * @throws (the stage) protobuf-malformed, too-many-series, too-many-samples
 */
export function createValidateAndRewrite(options: {
  readonly limits: WriteLimits;
  readonly labelNames: LabelNameRule;
  readonly reservedLabels: readonly string[];
  readonly tenantLabel: string | undefined;
}): ValidateAndRewrite {
  const { limits, labelNames, reservedLabels, tenantLabel } = options;
  const reserved = createReservedLabels(tenantLabel === undefined ? reservedLabels : [...reservedLabels, tenantLabel]);
  // Read by compression before the next request is built.
  const output = new WireWriter();
  return (accountId, { body, decoded }, nowMs) => {
    const { bytes, ...outcome } = rewriteWriteRequest(decoded, {
      limits,
      labelNames,
      reserved,
      nowMs,
      output,
      ...(tenantLabel === undefined ? {} : { injectLabel: { name: tenantLabel, value: accountId } }),
    });
    return { ...outcome, body: bytes === decoded ? body : compressSnappy(bytes) };
  };
}
