export { AppError, isAppError, toAppError, type AppErrorOptions } from './app-error';
export { errorCatalogue, type CatalogueEntry, type ErrorCode } from './catalogue';
export { httpStatusOf, isRetryable, type ErrorKind } from './kind';
export { problemOf, type Problem } from './problem';
