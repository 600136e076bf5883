/** The key of an object, and the element of an array, that stand for more of the same in a documented answer. */
const more = '…';

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

const entriesOf = (value: unknown): ReadonlyMap<string, unknown> => new Map(Object.entries(Object(value)));

function differencesInObjects(documented: unknown, real: unknown, at: string): readonly string[] {
  const [said, found] = [entriesOf(documented), entriesOf(real)];
  const unsaid = said.has(more) ? [] : [...found.keys()].filter((key) => !said.has(key));
  return [
    ...unsaid.map((key) => `${at}.${key} is not documented`),
    ...[...said].flatMap(([key, value]) => {
      if (key === more) return [];
      return found.has(key) ? shapeDifferences(value, found.get(key), `${at}.${key}`) : [`${at}.${key} is not there`];
    }),
  ];
}

function differencesInArrays(documented: readonly unknown[], real: readonly unknown[], at: string): readonly string[] {
  const said = documented.filter((element) => element !== more);
  if (said.length > 0 && real.length === 0) return [`${at} is empty`];
  // Nothing is said of what such a list would hold.
  if (documented.length === 0) return [];
  if (said.length === documented.length && said.length !== real.length)
    return [`${at} has ${String(real.length)} elements`];
  // Elements of one list are alike; which of them comes first is no part of its form.
  return said.flatMap((element, index) => {
    const tried = real.map((one) => shapeDifferences(element, one, `${at}[${String(index)}]`));
    return tried.sort((a, b) => a.length - b.length)[0] ?? [];
  });
}

/** Where an answer has another form than the documented one: keys, kinds of values, empty lists. A `null` may be a value and the other way round. */
export function shapeDifferences(documented: unknown, real: unknown, at = 'answer'): readonly string[] {
  const [said, found] = [kindOf(documented), kindOf(real)];
  if (said === 'null' || found === 'null') return [];
  if (said !== found) return [`${at} is ${found}, not ${said}`];
  if (Array.isArray(documented) && Array.isArray(real)) return differencesInArrays(documented, real, at);
  return said === 'object' ? differencesInObjects(documented, real, at) : [];
}
