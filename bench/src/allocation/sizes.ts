/** How large the made-up cluster is. */
export interface Size {
  readonly name: 'S' | 'M' | 'L' | 'XL';
  readonly pods: number;
  /** Of history, whole days. */
  readonly days: number;
  /**
   * The last so many days have their hourly facts, and rollups made of them. Older days have rollups only, as on a server that keeps hours
   * by pod for so long; their rows are made directly, because 99 million hourly rows take two cores half an hour.
   */
  readonly daysWithHours: number;
}

export const sizes: readonly Size[] = [
  { name: 'S', pods: 100, days: 30, daysWithHours: 30 },
  { name: 'M', pods: 1_000, days: 90, daysWithHours: 90 },
  { name: 'L', pods: 3_000, days: 365, daysWithHours: 31 },
  { name: 'XL', pods: 10_000, days: 365, daysWithHours: 7 },
];

/** Rows of an hour: a container for each pod, a second one for every tenth, idle for each node, a fee and some volumes. */
export function rowsPerHour(pods: number): { slots: number; nodes: number; namespaces: number; rows: number } {
  const slots = pods + Math.floor(pods / 10);
  const nodes = Math.max(3, Math.floor(pods / 33));
  return { slots, nodes, namespaces: Math.max(5, Math.floor(pods / 100)), rows: slots + nodes + 6 };
}
