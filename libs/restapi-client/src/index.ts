export { oidcRules } from './contract/oidc';
export { operations, type OperationId, type Operations } from './contract/operations';
export {
  permissions,
  type Access,
  type CostClass,
  type Operation,
  type OperationExample,
  type Permission,
  type Scope,
} from './contract/operation';
export { isRevalidated, openApiDocument, type OpenApiDocument, type OpenApiOperation } from './openapi/document';
export type { Warning } from './contract/scalars';
export { RestapiError, type RestapiErrorOptions } from './restapi-error';
export {
  createRestapiClient,
  type InputOf,
  type OutputOf,
  type RestapiClient,
  type RestapiClientOptions,
} from './restapi-client';
