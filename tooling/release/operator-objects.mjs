/**
 * Holds objects of the Prometheus operator against its own schemas: reads a JSON list of objects from standard input, prints
 * one line per problem. The schemas come as modules that Jest cannot load, hence a program.
 */
import { text } from 'node:stream/consumers';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';

const kinds = { PrometheusRule, ServiceMonitor };

for (const object of JSON.parse(await text(process.stdin))) {
  const { kind, metadata } = object;
  try {
    if (!(kind in kinds)) throw new Error('no schema of this kind is known');
    new kinds[kind](object).validate();
  } catch (error) {
    console.log(`${kind} ${metadata?.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
