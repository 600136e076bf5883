import {
  createReservedLabels,
  rewriteWriteRequest,
  rewriteWriteRequestV2,
  WireWriter,
  type LabelNameRule,
  type RewriteResult,
  type WriteKernel,
  type WriteLimits,
} from '@cloudtuner/remote-write';
import type { WriteProtocol } from './ports';

/** What the installation wants of every series; the same for all accounts, and plain data. */
export interface SeriesPolicy {
  readonly labelNames: LabelNameRule;
  readonly reservedLabels: readonly string[];
  /** For a store without tenants: the label that the account becomes. */
  readonly tenantLabel: string | undefined;
}

/** What one decoded request is judged by. */
export interface WriteToJudge {
  readonly accountId: string;
  readonly protocol: WriteProtocol;
  readonly target: WriteProtocol;
  /** Also bounds what a 2.0 request becomes in 1.0, where every label is spelled out. */
  readonly maxDecodedBytes: number;
  readonly limits: WriteLimits;
  readonly nowMs: number;
}

/** Checks and changes a decoded request; the bytes are valid until the next call. */
export type ValidateAndRewrite = (decoded: Uint8Array, write: WriteToJudge) => RewriteResult;

/**
 * Checks every series and label. Bad series are left out, reserved labels renamed, labels sorted; for a store without
 * tenants the account becomes a label of every series.
 *
 * @throws (the stage) protobuf-malformed, symbol-reference-invalid, too-many-series, too-many-samples, too-many-symbols,
 * decoded-body-too-large
 */
export function createValidateAndRewrite(policy: SeriesPolicy, kernel: WriteKernel): ValidateAndRewrite {
  const { labelNames, reservedLabels, tenantLabel } = policy;
  const reserved = createReservedLabels(tenantLabel === undefined ? reservedLabels : [...reservedLabels, tenantLabel]);
  // Read by compression before the next request is built.
  const output = new WireWriter();
  return (decoded, { accountId, protocol, target, maxDecodedBytes, limits, nowMs }) => {
    const options = {
      limits,
      labelNames,
      reserved,
      nowMs,
      output,
      kernel,
      ...(tenantLabel === undefined ? {} : { injectLabel: { name: tenantLabel, value: accountId } }),
    };
    if (protocol === '1') return rewriteWriteRequest(decoded, options);
    return rewriteWriteRequestV2(decoded, { ...options, target, maxTranslatedBytes: maxDecodedBytes });
  };
}
