import { FuzzInputs, FuzzTarget, type FuzzInput } from './testing/fuzz';

// What `npm run fuzz` has found, or what nearly went wrong: kind, variant, bytes in hexadecimal.
const regressions: readonly (readonly [string, FuzzInput['kind'], number, string])[] = [
  ['an empty request of 1.0', 'v1', 0, ''],
  ['an empty request of 2.0', 'v2', 1, ''],
  [
    'a metadata type of more than 53 bits, of which the low 32 count',
    'v2',
    0,
    '220022085f5f6e616d655f5f220275702201682a1a0a02010212071080d095ffbc312a0b0881808080808080101803',
  ],
  [
    'a reference of 64 bits, of which the low 32 count',
    'v2',
    0,
    '220022085f5f6e616d655f5f220275702201682a1c0a02010212071080d095ffbc312a0d08011880808080808080808001',
  ],
  [
    'a reference to the help that leads nowhere and one after it that holds',
    'v2',
    0,
    '220022085f5f6e616d655f5f220275702201682a150a02010212071080d095ffbc312a06080118631803',
  ],
  [
    'a tag of six bytes, which readers take for different things',
    'v2',
    0,
    '220022085f5f6e616d655f5f220275702201682a140a02010212071080d095ffbc31b0808080800000',
  ],
];

describe('fuzzing', () => {
  it.each(regressions)('%s', (_what, kind, variant, hex) => {
    expect(typeof new FuzzTarget().run({ kind, variant, bytes: Buffer.from(hex, 'hex') })).toBe('string');
  });

  it('equals the references on generated and damaged requests', () => {
    const target = new FuzzTarget();
    const inputs = new FuzzInputs(1);
    const kinds = new Map<string, number>();
    for (let execution = 0; execution < 1_500; execution += 1) {
      const input = inputs.next();
      let behaviour: string;
      try {
        behaviour = target.run(input);
      } catch (error) {
        throw new Error(`${input.kind}, ${String(input.variant)}, '${input.bytes.toString('hex')}'`, { cause: error });
      }
      inputs.note(behaviour);
      kinds.set(behaviour, (kinds.get(behaviour) ?? 0) + 1);
    }
    // The inputs are worth something: requests of all outcomes are among them.
    expect(kinds.get('protobuf-malformed')).toBeGreaterThan(50);
    expect([...kinds.keys()].join()).toContain('histogram-invalid');
    expect(kinds.get('3  0')).toBeGreaterThan(8);
    expect(inputs.behaviourCount).toBeGreaterThan(100);
  });
});
