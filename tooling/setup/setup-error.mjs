/** Something that the reader can do something about: printed as it is, without a stack. */
export class SetupError extends Error {
  name = 'SetupError';
}
