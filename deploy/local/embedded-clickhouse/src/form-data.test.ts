import { formBoundary, parseFormData } from './form-data';

const form = (...parts: string[]): Buffer =>
  Buffer.from(`${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`);

describe('form data', () => {
  it('finds the boundary of a form only', () => {
    expect(formBoundary('multipart/form-data; boundary=abc')).toBe('abc');
    expect(formBoundary('Multipart/Form-Data; charset=utf-8; boundary="a b"')).toBe('a b');
    expect(formBoundary('text/plain')).toBeUndefined();
    expect(formBoundary(undefined)).toBeUndefined();
  });

  it('reads fields with line ends and other alphabets in them', () => {
    const body = form(
      'Content-Disposition: form-data; name="query"\r\n\r\nSELECT {x:String}\r\n-- é',
      'Content-Disposition: form-data; name="param_x"\r\n\r\n',
    );
    expect([...parseFormData(body, 'b')]).toEqual([
      ['query', 'SELECT {x:String}\r\n-- é'],
      ['param_x', ''],
    ]);
  });

  it('refuses a form that breaks off and external tables', () => {
    expect(() => parseFormData(Buffer.from('--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx'), 'b')).toThrow(
      /incomplete/,
    );
    const table = form('Content-Disposition: form-data; name="t"; filename="t.csv"\r\n\r\n1,2');
    expect(() => parseFormData(table, 'b')).toThrow(/external tables/);
  });
});
