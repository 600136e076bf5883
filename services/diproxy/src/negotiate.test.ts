import { negotiate } from './negotiate';

describe('negotiate', () => {
  it.each([
    [undefined, '1'],
    ['application/x-protobuf', '1'],
    ['Application/X-Protobuf', '1'],
    ['application/x-protobuf; charset=utf-8', '1'],
    ['application/x-protobuf;proto=prometheus.WriteRequest', '1'],
    ['application/x-protobuf; proto="prometheus.WriteRequest"', '1'],
    ['application/x-protobuf;proto=io.prometheus.write.v2.Request', '2'],
    ['application/x-protobuf ; Proto=io.prometheus.write.v2.Request', '2'],
    ['application/x-protobuf;\tcharset=x; proto="io.prometheus.write.v2.Request"', '2'],
  ])('takes the type %s for version %s', (contentType, version) => {
    expect(negotiate(contentType === undefined ? {} : { 'content-type': contentType })).toBe(version);
  });

  it.each([
    ['application/json'],
    ['image/png'],
    ['text/plain'],
    [''],
    ['application/x-protobuf;proto=io.prometheus.write.v3.Request'],
    ['application/x-protobuf;proto=prometheus.writerequest'],
    ['application/x-protobuf;proto='],
    ['application/x-protobufs'],
  ])('refuses the type %j', (contentType) => {
    expect(() => negotiate({ 'content-type': contentType })).toThrow(
      expect.objectContaining({ code: 'unsupported-media-type' }),
    );
  });

  it.each([['gzip'], ['zstd'], ['deflate'], ['identity'], ['snappy, snappy'], ['']])(
    'refuses the encoding %j',
    (encoding) => {
      expect(() => negotiate({ 'content-encoding': encoding })).toThrow(
        expect.objectContaining({ code: 'unsupported-media-type' }),
      );
    },
  );

  it.each([['snappy'], [' Snappy ']])('takes the encoding %j', (encoding) => {
    expect(negotiate({ 'content-encoding': encoding })).toBe('1');
  });

  it('does not ask for the version header, and does not believe it', () => {
    const contentType = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
    for (const version of ['0.1.0', '2.0.0', '2.0.1', '3.0.0', 'x']) {
      expect(negotiate({ 'content-type': contentType, 'x-prometheus-remote-write-version': version })).toBe('2');
    }
  });
});
