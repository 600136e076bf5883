/** A budget, a prediction and a recommendation, in the form of Kubecost's documentation. */
export const sampleBudget = {
  id: 'b1',
  name: 'shop',
  values: { namespace: ['shop'] },
  kind: 'soft',
  interval: 'monthly',
  intervalDay: 1,
  spendLimit: 400,
  actions: [{ percentage: 75, emails: ['owner@example.com'], slackWebhooks: [], msTeamsWebhooks: [] }],
  window: { start: '2024-01-01T00:00:00Z', end: '2024-02-01T00:00:00Z' },
  currentSpend: 12.5,
};
const monthly = (total: number): object => ({
  totalMonthlyRate: total,
  cpuMonthlyRate: total,
  ramMonthlyRate: 0,
  gpuMonthlyRate: 0,
  monthlyCPUCoreHours: 73,
  monthlyRAMByteHours: 0,
  monthlyGPUHours: 0,
});
export const samplePrediction = {
  namespace: 'shop',
  controllerKind: 'deployment',
  controllerName: 'web',
  costBefore: monthly(2),
  costAfter: monthly(3),
  costChange: monthly(1),
};
export const sampleSizing = {
  clusterID: 'shop',
  namespace: 'shop',
  controllerKind: 'deployment',
  controllerName: 'web',
  containerName: 'web',
  recommendedRequest: { cpu: '100m', memory: '128Mi' },
  monthlySavings: { cpu: 1.5, memory: 0.25 },
};
