/** True at most once a period for each id, so that a dashboard's many reads are one write. */
export interface ReadMarks {
  due(id: string): boolean;
}

/** Remembers at most `maxIds` ids; one that was forgotten is due again, which costs a write and nothing else. */
export function createReadMarks(options: { periodMs: number; maxIds: number; now: () => number }): ReadMarks {
  const { periodMs, maxIds, now } = options;
  const markedAtMs = new Map<string, number>();
  return {
    due(id) {
      const last = markedAtMs.get(id);
      if (last !== undefined && now() - last < periodMs) return false;
      markedAtMs.delete(id);
      markedAtMs.set(id, now());
      if (markedAtMs.size > maxIds) {
        const oldest = markedAtMs.keys().next();
        if (oldest.done !== true) markedAtMs.delete(oldest.value);
      }
      return true;
    },
  };
}
