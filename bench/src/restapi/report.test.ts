import type { Answered } from './clients';
import { renderAnswered, renderQuarters } from './report';

const answered = (milliseconds: number, status = 200): Answered => ({
  route: 'costs',
  milliseconds,
  status,
  keeps: status === 304,
});

describe('the report of the load on restapi', () => {
  it('has quantiles of the times, what was known already, and everything else than 200 and 304 as an error', () => {
    const fast = Array.from({ length: 94 }, (_none, index) => answered(index + 1));
    const text = renderAnswered([
      ...fast,
      ...[200, 300, 400, 500].map((ms) => answered(ms)),
      answered(7, 304),
      answered(900, 503),
    ]);
    const cells = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    // Of 100 sorted times 1, 2, …, 7, 7, …, 94, 200, …, 500, 900 the 51st, the 96th and the 100th.
    expect(cells[2]).toEqual(['', 'costs', '100', '1', '1', '50', '200', '900', '']);
  });

  it('has the greatest memory of each quarter', () => {
    expect(renderQuarters([1, 5, 2, 2, 9, 3, 4, 4])).toBe('5, 2, 9, 4');
  });
});
