import type { IncomingMessage } from 'node:http';
import { AppError } from '@cloudtuner/errors';
import type { AccountLimits } from './account-limits';
import type { InFlight, Reservation } from './in-flight';
import { negotiate } from './negotiate';
import type { WriteProtocol } from './ports';

/** A write whose body may be read. */
export interface AdmittedWrite {
  readonly protocol: WriteProtocol;
  /** What it holds from now on; to be released by the caller. */
  readonly reservation: Reservation;
}

/**
 * Lets in what may be read: the right form, and a length below the limit.
 *
 * @throws unsupported-media-type, body-too-large
 */
export function admit(
  request: IncomingMessage,
  account: { readonly accountId: string; readonly limits: AccountLimits },
  inFlight: InFlight,
): AdmittedWrite {
  const { accountId, limits } = account;
  const protocol = negotiate(request.headers);
  const announced = request.headers['content-length'];
  if (announced !== undefined && Number(announced) > limits.maxBodyBytes) throw bodyTooLarge(limits.maxBodyBytes);
  return { protocol, reservation: inFlight.reserve(accountId, limits.maxInFlightRequests) };
}

export function bodyTooLarge(maxBodyBytes: number): AppError {
  return new AppError('body-too-large', `The compressed body is larger than ${String(maxBodyBytes)} bytes.`);
}
