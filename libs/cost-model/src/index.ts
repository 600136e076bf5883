export {
  assetFactLine,
  assetFactSchema,
  assetTypes,
  costComponents,
  dataQualityFlags,
  type AssetFact,
  type AssetType,
  type CostComponent,
  type DataQualityFlag,
} from './asset-fact';
export { priceAssets, type PriceAssetsInput, type PricedAssets } from './assets';
export { bridgedGapMs } from './intervals';
export { formatNanos, nanosFromNumber, nanosToNumber, parseNanos, sumKnownNanos, sumNanos, type Nanos } from './money';
export { assetMetricNames, type AssetMetricName, type AssetSeries, type Series } from './series';
export { daysOf, hoursOf, msPerDay, msPerHour, parseWindow, type TimeWindow, type WindowContext } from './window';
