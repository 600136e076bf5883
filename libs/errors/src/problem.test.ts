import { AppError, errorCatalogue, httpStatusOf, isRetryable, problemOf, toAppError } from './index';

describe('problemOf', () => {
  it('answers with the code, the status of its kind and the facts meant for the caller', () => {
    const error = new AppError('invalid-request', 'start_date must be before end_date.', {
      details: { field: 'start_date' },
    });

    expect(problemOf(error, { instance: '/restapi/v2/clean_expenses', requestId: 'r-1' })).toEqual({
      type: 'urn:cloudtuner:error:invalid-request',
      title: 'The request does not have the documented form',
      status: 400,
      code: 'invalid-request',
      detail: 'start_date must be before end_date.',
      instance: '/restapi/v2/clean_expenses',
      request_id: 'r-1',
      details: { field: 'start_date' },
    });
  });

  it('keeps the text of an unexpected error from the client and the error itself as the cause', () => {
    const driverError = new Error('connect ECONNREFUSED 10.1.2.3:27017');
    const error = toAppError(driverError);

    expect(JSON.stringify(problemOf(error))).not.toContain('10.1.2.3');
    expect(problemOf(error).status).toBe(500);
    expect(error.cause).toBe(driverError);
  });

  it('passes an error of ours through untouched', () => {
    const error = new AppError('not-found', 'No such cluster.');
    expect(toAppError(error)).toBe(error);
  });
});

describe('errorCatalogue', () => {
  const entries = Object.entries(errorCatalogue);

  it.each(entries)(
    '%s is a kebab-case code with an HTTP error status, a title and a remedy',
    (code, { kind, title, remedy }) => {
      expect(code).toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
      expect(httpStatusOf(kind)).toBeGreaterThanOrEqual(400);
      expect(title).toMatch(/^[A-Z].*[^.]$/);
      expect(remedy).toMatch(/\.$/);
    },
  );

  it('calls retryable exactly what answers 429 or 503', () => {
    for (const [, { kind }] of entries) {
      expect(isRetryable(kind)).toBe([429, 503].includes(httpStatusOf(kind)));
    }
  });
});
