import type { AllocationFlag } from '../allocation-fact';
import type { AssetIndex } from '../asset-index';
import type { PricedNode } from '../assets/nodes';
import { chargeCapacity, chargeUnits, integralOf, type Charge, type ChargeUnit } from '../charge';
import { quotientToNumber } from '../exact-decimal';
import { lengthMs, stepFunctionOf, within, type StepFunction } from '../intervals';
import type { Series } from '../series';
import { areWithin, quantityRange } from '../value-range';
import { msPerHour, type TimeWindow } from '../window';
import { chargedGpus, chargedQuantity, greatestWithin, requestOf, type ResourceInputs } from './charged-quantity';
import type { Incarnation } from './incarnations';
import type { ContainerSeries } from './pod-series';
import { runningTime } from './running';
import { cpuUsageOf, gpuUsageOf } from './usage';

/** The resources that a node's cost is divided by. */
export const nodeResources = ['cpu', 'ram', 'gpu'] as const;
export type NodeResource = (typeof nodeResources)[number];

/** What a container is charged for and what is known of it beside; all that is kept of its series. */
export interface ContainerRecord {
  readonly container: string;
  readonly running: StepFunction;
  readonly charges: Readonly<Record<NodeResource, Charge | null>>;
  /** Core-hours, byte-hours; null where unknown. */
  readonly requested: Readonly<Record<'cpu' | 'ram', number | null>>;
  readonly used: Readonly<Record<NodeResource, number | null>>;
  readonly usedMax: Readonly<Record<'cpu' | 'ram', number | null>>;
  readonly flags: ReadonlySet<AllocationFlag>;
}

/** Where and when a container is looked at. */
export interface ContainerPlace {
  /** The hour, and the hour with its margins. */
  readonly window: TimeWindow;
  readonly around: TimeWindow;
  readonly life: Incarnation;
  readonly ofLife: (series: readonly Series[]) => readonly Series[];
  /** Absent where the node is unknown. */
  readonly node: PricedNode | undefined;
  /** Collects what is wrong with the series. */
  readonly index: AssetIndex;
}

const units = {
  cpu: chargeUnits.countHours,
  ram: chargeUnits.byteHours,
  gpu: chargeUnits.countHours,
} as const satisfies Record<NodeResource, ChargeUnit>;

function hoursWithin(steps: StepFunction, running: StepFunction): number | null {
  const inUse = within(steps, running);
  if (inUse.length === 0) return null;
  return quotientToNumber(integralOf(inUse), { coefficient: BigInt(msPerHour), scale: 0 }, 9);
}

function inputsOf(container: ContainerSeries, place: ContainerPlace): Record<NodeResource, ResourceInputs> {
  const { ofLife, around } = place;
  return {
    cpu: {
      allocation: ofLife(container.cpuAllocation),
      request: requestOf(ofLife(container.cpuRequest), around),
      usage: cpuUsageOf(ofLife(container.cpuUsage), around),
    },
    ram: {
      allocation: ofLife(container.ramAllocation),
      request: requestOf(ofLife(container.ramRequest), around),
      usage: stepFunctionOf(ofLife(container.ramUsage), quantityRange, around),
    },
    gpu: {
      allocation: ofLife(container.gpuAllocation),
      request: requestOf(ofLife(container.gpuRequest), around),
      usage: gpuUsageOf(ofLife(container.gpuUsage), around),
    },
  };
}

function flagInvalid(container: ContainerSeries, index: AssetIndex): void {
  if (index.flags.has('invalid-sample')) return;
  for (const series of Object.values(container)) {
    if (series.some(({ values }) => !areWithin(values, quantityRange))) index.flags.add('invalid-sample');
  }
}

function flagUncosted(place: ContainerPlace, charges: ContainerRecord['charges'], flags: Set<AllocationFlag>): void {
  if (place.node === undefined) flags.add('node-unknown');
  const uncosted = Object.values(charges).some((one) => one?.amount === null && one.quantity.coefficient !== 0n);
  if (place.node !== undefined && uncosted) flags.add('node-unpriced');
}

/** Prices one container of one life of a pod; undefined when it did not run inside the window. */
export function containerRecord(
  container: string,
  series: ContainerSeries,
  place: ContainerPlace,
): ContainerRecord | undefined {
  const { running, isEstimated } = runningTime(series, place.life, place);
  if (lengthMs(running) === 0) return undefined;
  flagInvalid(series, place.index);
  const inputs = inputsOf(series, place);
  const cpu = chargedQuantity(inputs.cpu, running, place.around);
  const ram = chargedQuantity(inputs.ram, running, place.around);
  const quantities = { cpu: cpu.quantity, ram: ram.quantity, gpu: chargedGpus(inputs.gpu, running, place.around) };
  const charge = (resource: NodeResource): Charge | null => {
    const charged = chargeCapacity(quantities[resource], place.node?.prices[resource] ?? [], units[resource]);
    // Records of the whole cluster are kept to the end; when each of them was charged is not asked then.
    return charged === null ? null : { ...charged, intervals: [] };
  };
  const charges = { cpu: charge('cpu'), ram: charge('ram'), gpu: charge('gpu') };
  const flags = new Set<AllocationFlag>();
  if (isEstimated || cpu.isEstimated || ram.isEstimated) flags.add('estimated');
  if (cpu.isDerived || ram.isDerived) flags.add('allocation-derived');
  flagUncosted(place, charges, flags);
  return {
    container,
    running,
    charges,
    requested: { cpu: hoursWithin(inputs.cpu.request, running), ram: hoursWithin(inputs.ram.request, running) },
    used: {
      cpu: hoursWithin(inputs.cpu.usage, running),
      ram: hoursWithin(inputs.ram.usage, running),
      gpu: hoursWithin(inputs.gpu.usage, running),
    },
    usedMax: {
      cpu: greatestWithin(inputs.cpu.usage, running),
      ram: greatestWithin(inputs.ram.usage, running),
    },
    flags,
  };
}

/** A price that is known for a moment at which its node is not charged: then containers can cost what no asset does. */
export function isPricedBeyondCapacity(node: PricedNode, resource: NodeResource): boolean {
  const charge = node.charges[resource];
  return charge !== null && charge.amount !== null && lengthMs(node.prices[resource]) > lengthMs(charge.intervals);
}
