/** What an expression gives when it is evaluated. */
export type ExpressionKind = 'instant' | 'range' | 'scalar';

/**
 * A PromQL expression that the builders of this package made. Nothing else can make one: the constructor stays inside,
 * and the client takes no strings.
 */
export class Expression<Kind extends ExpressionKind = ExpressionKind> {
  readonly #text: string;
  readonly kind: Kind;

  constructor(kind: Kind, text: string) {
    this.kind = kind;
    this.#text = text;
  }

  /** The text as the store is sent it. */
  toString(): string {
    return this.#text;
  }
}

/** An expression that gives one sample per series: what the client can ask for at one moment or over a range. */
export type InstantVector = Expression<'instant'>;

/** An expression that gives many samples per series: what functions over time take. */
export type RangeVector = Expression<'range'>;

/** An expression that gives one number. */
export type Scalar = Expression<'scalar'>;
