// A real server's first start on a busy machine is slower than Jest's 5 s.
jest.setTimeout(60_000);
