import type { KnownProtocol, WriteProtocol } from './ports';

export interface StoreProtocolOptions {
  /** `auto` finds out by probing. */
  readonly setting: 'auto' | WriteProtocol;
  /** Sends an empty 2.0 write. `unknown` when the answer tells nothing; rejects while the store cannot be reached. */
  readonly probe: () => Promise<KnownProtocol>;
  /** How soon the store is asked again while nothing is known. */
  readonly retryMs: number;
  /** How often what is known is checked: a store may be replaced by another version without being seen away. */
  readonly recheckMs: number;
  readonly onChange: (protocol: KnownProtocol) => void;
}

/**
 * Which Remote Write the store speaks. A 1.0 store finds nothing in a 2.0 body and may answer 2xx all the same, so 2.0
 * is passed on only to a store that has shown that it reads it; to any other it is translated, which is always right.
 */
export class StoreProtocol {
  private known: KnownProtocol;
  private timer: NodeJS.Timeout | undefined;
  private probing = false;
  private stopped = false;

  constructor(private readonly options: StoreProtocolOptions) {
    this.known = options.setting === 'auto' ? 'unknown' : options.setting;
  }

  get current(): KnownProtocol {
    return this.known;
  }

  /** The version that 2.0 writes are sent in. */
  get writable(): WriteProtocol {
    return this.known === '2' ? '2' : '1';
  }

  /** Probes in the background until stopped. */
  start(): void {
    this.options.onChange(this.known);
    if (this.options.setting === 'auto') void this.ask();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** The connection broke, or an answer did not fit what is known: it may be another store now. */
  doubt(): void {
    if (this.options.setting !== 'auto' || this.known === 'unknown') return;
    this.set('unknown');
    this.schedule(this.options.retryMs);
  }

  private async ask(): Promise<void> {
    if (this.probing) return;
    this.probing = true;
    try {
      this.set(await this.options.probe());
    } catch {
      this.set('unknown');
    } finally {
      this.probing = false;
    }
    this.schedule(this.known === 'unknown' ? this.options.retryMs : this.options.recheckMs);
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.ask(), delayMs);
    this.timer.unref();
  }

  private set(protocol: KnownProtocol): void {
    if (protocol === this.known || this.stopped) return;
    this.known = protocol;
    this.options.onChange(protocol);
  }
}
