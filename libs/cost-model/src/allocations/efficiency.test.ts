import type { AllocationFact } from '../allocation-fact';
import { factOf, hourAt } from '../testing/allocation-facts';
import { aggregateAllocations } from './aggregate';
import { costRowsOf } from './cost-row';
import { ratesOf, type AllocationRates } from './efficiency';
import { defaultAllocationQuery } from './query';

function rates(given: Partial<AllocationFact>): AllocationRates {
  const query = { ...defaultAllocationQuery, grouping: [] };
  const rows = costRowsOf({ cluster: 'one', hour: hourAt(0), facts: [factOf(given)] }, query);
  const [row] = aggregateAllocations({ query, steps: [hourAt(0)], rows })[0]?.rows ?? [];
  if (row === undefined) throw new Error('no row');
  return ratesOf(row);
}

describe('ratesOf', () => {
  it.each([
    ['usage ÷ request', { cpu_core_usage_hours: 1, cpu_core_request_hours: 4, cpu_cost: '1' }, 0.25],
    ['more than was asked for', { cpu_core_usage_hours: 6, cpu_core_request_hours: 4, cpu_cost: '1' }, 1.5],
    ['1 for what runs without a request', { cpu_core_usage_hours: 1, cpu_cost: '1' }, 1],
    ['1 with a request of zero', { cpu_core_usage_hours: 1, cpu_core_request_hours: 0, cpu_cost: '1' }, 1],
    ['0 for what does not run', { cpu_core_usage_hours: 0, cpu_cost: '1' }, 0],
    ['0 for what costs nothing and asks for nothing', { cpu_core_usage_hours: 1, cpu_cost: '0' }, 0],
    ['null without a request when the cost is not known', { cpu_core_usage_hours: 1 }, null],
    ['null when the usage is not known', { cpu_core_request_hours: 4, cpu_cost: '1' }, null],
  ])('has a cpu efficiency of %s', (_title, given, expected) => {
    expect(rates(given).cpuEfficiency).toBe(expected);
  });

  it.each([
    ['the ratio', { gpu_hours: 2, gpu_usage_hours: 0.5 }, 0.25],
    ['0 when it idles', { gpu_hours: 2, gpu_usage_hours: 0 }, 0],
    ['null when it is not measured', { gpu_hours: 2 }, null],
    ['null when there is none', {}, null],
  ])('has a gpu efficiency of %s', (_title, given, expected) => {
    expect(rates(given).gpuEfficiency).toBe(expected);
  });

  it('has no total efficiency while one of the two costs is not known, and 0 where both are zero', () => {
    const cpu = { cpu_core_usage_hours: 1, cpu_core_request_hours: 2 };
    expect(rates({ ...cpu, cpu_cost: '1' }).totalEfficiency).toBeNull();
    expect(rates({ ...cpu, cpu_cost: '1', ram_cost: '0' }).totalEfficiency).toBe(0.5);
    expect(rates({ ...cpu, cpu_cost: '0', ram_cost: '0' }).totalEfficiency).toBe(0);
  });

  it('averages over the time in which it ran, and not at all over none', () => {
    const half = { started_seconds: 900, ended_seconds: 2700, cpu_core_hours: 1, ram_byte_hours: 8, pv_byte_hours: 2 };
    expect(rates(half)).toMatchObject({ minutes: 30, cpuCores: 2, ramBytes: 16, pvBytes: 4, gpuCount: null });
    expect(rates({ ...half, ended_seconds: 900 })).toMatchObject({ minutes: 0, cpuCores: null });
  });
});
