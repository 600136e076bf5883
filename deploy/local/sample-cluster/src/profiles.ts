import type { ClusterProfile } from './profile';
import { researchProfile } from './profile-research';
import { shopProfile } from './profile-shop';

/** The clusters that come with the package. */
export const profiles = { shop: shopProfile, research: researchProfile } as const satisfies Readonly<
  Record<string, ClusterProfile>
>;

/** `shop` (AWS-like) or `research` (GCP-like). */
export type ProfileName = keyof typeof profiles;
