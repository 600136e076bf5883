/**
 * `npm run kernel`: compiles the gateway's hot path (AssemblyScript) to WebAssembly and writes it into a source file, so that
 * neither a build nor a test needs the compiler. `--check` writes nothing and fails when the file is not what the source gives.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const source = 'libs/remote-write/assembly/kernel.ts';
const target = path.join(root, 'libs/remote-write/src/kernel-code.ts');
const options = [
  '--runtime',
  'stub',
  '--noAssert',
  '-O3',
  '--enable',
  'simd',
  '--use',
  'abort=',
  '--initialMemory',
  '1',
];
// Run, not imported: its types declare a global console of their own.
const compiler = fileURLToPath(import.meta.resolve('assemblyscript/bin/asc.js'));

/** The compiled module; no imports, one memory. */
function compile() {
  const folder = mkdtempSync(path.join(tmpdir(), 'kernel-'));
  try {
    const file = path.join(folder, 'kernel.wasm');
    execFileSync(process.execPath, [compiler, source, ...options, '--outFile', file], { cwd: root, stdio: 'inherit' });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function asSource(code) {
  const lines = code.toString('base64').match(/.{1,108}/g) ?? [];
  return [
    '/**',
    ' * WebAssembly of `assembly/kernel.ts`, as base64.',
    ' *',
    ' * Written by `npm run kernel`; do not edit.',
    ' */',
    `export const kernelCode =`,
    `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
    '',
  ].join('\n');
}

const wanted = asSource(compile());
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== wanted) {
    console.error('libs/remote-write/src/kernel-code.ts is not what assembly/kernel.ts gives: run `npm run kernel`');
    process.exitCode = 1;
  }
} else writeFileSync(target, wanted);
