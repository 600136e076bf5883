import { execFileSync } from 'node:child_process';
import path from 'node:path';

describe('the WebAssembly in the sources', () => {
  it('is what its source compiles to', () => {
    const script = path.join(__dirname, 'generate.mjs');
    expect(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' })).not.toThrow();
  }, 120_000);
});
