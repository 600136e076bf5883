import type { Series, TimeWindow } from '@cloudtuner/cost-model';
import { allOrAbort } from '../domain/all-or-abort';
import type { PodReader } from '../ports';
import { podForms, podsOfForm, podsQuery, strayEgressQuery, type PodForm } from '../promql/pod-queries';
import type { QueryRunner } from './query-runner';

// How long samples may come late, with some hours until the store has put them into its blocks.
const lateMs = 15 * 3_600_000;

interface NamedForm {
  readonly form: PodForm;
  readonly names: ReadonlySet<string>;
}

/**
 * Lists the pods of a time by the store's index, which costs no samples. What the index knows of pods beyond that time
 * makes no difference: they have no samples in it. So it is asked without an end as long as samples may come late: of a
 * time before its newest samples Prometheus' index does not tell the names that have only late ones.
 *
 * Pods are then asked for by their names. Prometheus and Thanos look names up, while they would try any other pattern on
 * every pod of every tenant; and a name is the same pod in every metric, so that all its series come together.
 */
export async function openPods(
  runner: QueryRunner,
  { tenantId, time, nowMs }: { readonly tenantId: string; readonly time: TimeWindow; readonly nowMs: number },
  signal: AbortSignal,
): Promise<PodReader> {
  const indexed = { startMs: time.startMs, endMs: time.endMs > nowMs - lateMs ? null : time.endMs };
  const listed = await allOrAbort(signal, podForms, async (form, inner): Promise<NamedForm> => {
    const selected = podsOfForm(tenantId, form);
    const names = await runner.run('pod_names', inner, (client) =>
      client.labelValues(form.label, selected, indexed, { signal: inner }),
    );
    return { form, names: new Set(names.filter((name) => name !== '')) };
  });
  const all = new Set(listed.flatMap(({ names }) => [...names]));

  return {
    names: [...all].sort(),
    async series(wanted, inner) {
      const asked = listed.flatMap(({ form, names }) => {
        const here = wanted.filter((name) => names.has(name));
        return here.length === 0 ? [] : [{ form, names: here }];
      });
      const queries = asked.map((part) => podsQuery(tenantId, time, part));
      const answers = await runner.all('pods', inner, queries);
      const byName = new Map<string, Series[]>();
      answers.forEach((series, index) => {
        const label = asked[index]?.form.label ?? '';
        for (const one of series) {
          const name = one.labels[label] ?? '';
          const known = byName.get(name);
          if (known === undefined) byName.set(name, [one]);
          else known.push(one);
        }
      });
      return byName;
    },
    strays: async (inner) => (await runner.all('pods', inner, [strayEgressQuery(tenantId, time)])).flat(),
  };
}
