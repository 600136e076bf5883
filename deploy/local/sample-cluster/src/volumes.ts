import { steady, cycleOf, type Cycle } from './cycle';
import type { ClusterProfile, PlatformSpec, StorageClassSpec, VolumeSpec } from './profile';
import { createRandom } from './random';

const BYTES_PER_GIB = 1024 ** 3;
const BYTES_PER_MIB = 1024 ** 2;

/** A persistent volume, there for as long as the cluster. */
export interface Volume {
  readonly name: string;
  readonly providerId: string;
  readonly bytes: number;
  readonly storageClass: StorageClassSpec;
  /** Absent = released, no claim. */
  readonly claim?: { readonly namespace: string; readonly name: string };
  /** Bytes in use; zero for a volume that nothing mounts. */
  readonly used: Cycle;
}

interface VolumeOptions {
  readonly platform: PlatformSpec;
  readonly seed: number;
  readonly key: string;
  readonly gib: number;
  readonly storageClass: StorageClassSpec;
  readonly claim?: { readonly namespace: string; readonly name: string };
  readonly mounted: boolean;
}

function createVolume(options: VolumeOptions): Volume {
  const random = createRandom(options.seed, 'volume', options.key);
  const name = `pvc-${random.uuid()}`;
  const bytes = options.gib * BYTES_PER_GIB;
  const wholeMib = (share: number): number => Math.round((bytes * share) / BYTES_PER_MIB) * BYTES_PER_MIB;
  const fill = random.between(0.3, 0.6);
  const growth = random.between(0.05, 0.2);
  return {
    name,
    providerId: options.platform.provider === 'AWS' ? `vol-0${random.hex(16)}` : name,
    bytes,
    storageClass: options.storageClass,
    ...(options.claim === undefined ? {} : { claim: options.claim }),
    // Fills through the week and is compacted on Sunday night.
    used: options.mounted ? cycleOf((hour) => wholeMib(fill + (growth * hour) / 168)) : steady(0),
  };
}

/** Finds a storage class of the profile. @throws Error when the profile does not have it. */
function storageClassOf(profile: ClusterProfile, name: string): StorageClassSpec {
  const found = profile.storageClasses.find((storageClass) => storageClass.name === name);
  if (found === undefined) throw new Error(`The profile has no storage class ${name}.`);
  return found;
}

/** The volume behind a workload's claim. */
export function createMountedVolume(
  profile: ClusterProfile,
  spec: VolumeSpec,
  place: { seed: number; namespace: string; claim: string },
): Volume {
  return createVolume({
    platform: profile.platform,
    seed: place.seed,
    key: `${place.namespace}/${place.claim}`,
    gib: spec.gib,
    storageClass: storageClassOf(profile, spec.storageClass),
    claim: { namespace: place.namespace, name: place.claim },
    mounted: true,
  });
}

/** The volumes of the profile that no pod mounts. */
export function createUnmountedVolumes(profile: ClusterProfile, seed: number): Volume[] {
  return profile.unmountedVolumes.map((spec, index) =>
    createVolume({
      platform: profile.platform,
      seed,
      key: `unmounted/${String(index)}`,
      gib: spec.gib,
      storageClass: storageClassOf(profile, spec.storageClass),
      ...(spec.claim === undefined ? {} : { claim: spec.claim }),
      mounted: false,
    }),
  );
}
