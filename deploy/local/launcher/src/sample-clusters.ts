import { createSampleCluster, type ProfileName, type SampleCluster } from '@cloudtuner/sample-cluster';

const seedByProfile = { shop: 11, research: 23 } as const;

/** The demo's cluster of this name: the same one in every run. */
export function sampleClusterOf({ name, profile }: { name: string; profile: ProfileName }): SampleCluster {
  return createSampleCluster({ seed: seedByProfile[profile], name, clusterId: name, profile });
}
