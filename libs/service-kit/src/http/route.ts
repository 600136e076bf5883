import type { IncomingHttpHeaders } from 'node:http';
import type { Problem } from '@cloudtuner/errors';
import type { z } from 'zod';
import type { Logger } from '../logger';

export type HttpMethod = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** What a handler is given: parsed input, who asks, and a signal that fires when the client has gone. */
export interface RouteInput<Params, Query, Body, Principal> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly principal: Principal;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Address of the client, for throttling and audit. */
  readonly remoteAddress: string;
}

interface RouteDeclaration<P, Q, B> {
  readonly method: HttpMethod;
  /** Express path pattern: `/restapi/v2/organizations/:organization_id`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /** What the caller must be allowed to do; `public` skips authentication. */
  readonly access: string;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  readonly body?: z.ZodType<B>;
  readonly status?: number;
  /** JSON of errors for clients that expect another form than problem JSON. */
  readonly errorBody?: (problem: Problem) => unknown;
}

/** A route whose answer is one JSON document, checked against its schema. */
export interface JsonRouteDeclaration<P, Q, B, R extends z.ZodType, Principal> extends RouteDeclaration<P, Q, B> {
  readonly response: R;
  handler(input: RouteInput<P, Q, B, Principal>): Promise<z.input<R>> | z.input<R>;
}

/** A route that streams its answer. An error before the first chunk is problem JSON; later the connection is cut. */
export interface StreamRouteDeclaration<P, Q, B, Principal> extends RouteDeclaration<P, Q, B> {
  readonly contentType: string;
  handler(
    input: RouteInput<P, Q, B, Principal>,
  ): AsyncIterable<string | Uint8Array> | Promise<AsyncIterable<string | Uint8Array>>;
}

/** A declared route, types erased, as the HTTP edge and the API document see it. */
export interface Route<Principal> {
  readonly method: HttpMethod;
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly access: string;
  readonly status: number;
  readonly params: z.ZodType | undefined;
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  readonly errorBody: ((problem: Problem) => unknown) | undefined;
  readonly answer:
    | { readonly form: 'json'; readonly schema: z.ZodType; handle(input: ErasedInput<Principal>): Promise<unknown> }
    | {
        readonly form: 'stream';
        readonly contentType: string;
        handle(input: ErasedInput<Principal>): Promise<AsyncIterable<string | Uint8Array>>;
      };
}

type ErasedInput<Principal> = RouteInput<unknown, unknown, unknown, Principal>;

/** Who asks, before the request is parsed. */
export interface AuthenticationRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly access: string;
  readonly remoteAddress: string;
}

function erase<P, Q, B>(declaration: RouteDeclaration<P, Q, B>): Omit<Route<never>, 'answer'> {
  const { method, path, operationId, summary, access, status = 200, params, query, body, errorBody } = declaration;
  return { method, path, operationId, summary, access, status, params, query, body, errorBody };
}

/** Builders of routes for one kind of principal. Input types follow from the schemas, so the erased handler is safe. */
export function routesFor<Principal>(): {
  defineRoute<R extends z.ZodType, P = undefined, Q = undefined, B = undefined>(
    declaration: JsonRouteDeclaration<P, Q, B, R, Principal>,
  ): Route<Principal>;
  defineStreamRoute<P = undefined, Q = undefined, B = undefined>(
    declaration: StreamRouteDeclaration<P, Q, B, Principal>,
  ): Route<Principal>;
} {
  return {
    defineRoute: (declaration) => ({
      ...erase(declaration),
      answer: {
        form: 'json',
        schema: declaration.response,
        handle: async (input) => declaration.handler(input as Parameters<typeof declaration.handler>[0]),
      },
    }),
    defineStreamRoute: (declaration) => ({
      ...erase(declaration),
      answer: {
        form: 'stream',
        contentType: declaration.contentType,
        handle: async (input) => declaration.handler(input as Parameters<typeof declaration.handler>[0]),
      },
    }),
  };
}
