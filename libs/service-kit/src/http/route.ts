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
  /** The body as it arrives, of a route with `upload`; the handler bounds its size and checks what it is. */
  readonly upload: AsyncIterable<Uint8Array> | undefined;
  readonly principal: Principal;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Address of the client, for throttling and audit. */
  readonly remoteAddress: string;
  /** Sets a header of the answer, also of one that is an error. */
  readonly setHeader: (name: string, text: string) => void;
  /** What the handler finds out about its request, for whoever is told of its answer. */
  readonly facts: Map<string, unknown>;
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
  /** True: the body is handed on as it arrives, of any size and type. */
  readonly upload?: boolean;
  readonly status?: number;
  /** True: the answer cannot change but by a correction, so that a client may keep it and ask whether it still holds. */
  readonly revalidates?: (answer: unknown) => boolean;
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
  readonly upload: boolean;
  readonly revalidates: (answer: unknown) => boolean;
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

/** A request that was answered, whether well or not. */
export interface Answered<Principal> {
  readonly route: Route<Principal>;
  /** Undefined when nobody could be made out. */
  readonly principal: Principal | undefined;
  /** As they were sent, not checked. */
  readonly params: unknown;
  readonly query: unknown;
  readonly status: number;
  /** Code of the error. */
  readonly code: string | undefined;
  /** False when the client left before the end. */
  readonly complete: boolean;
  readonly remoteAddress: string;
  readonly requestId: string;
  readonly facts: ReadonlyMap<string, unknown>;
}

function erase<P, Q, B>(declaration: RouteDeclaration<P, Q, B>): Omit<Route<never>, 'answer'> {
  const { method, path, operationId, summary, access, status = 200, params, query, body, upload = false } = declaration;
  const { revalidates = () => false, errorBody } = declaration;
  return { method, path, operationId, summary, access, status, params, query, body, upload, revalidates, errorBody };
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
