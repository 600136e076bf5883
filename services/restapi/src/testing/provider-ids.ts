/** A machine or disk as Kubernetes names it, as a bill does, and what both have in common. */
export const sameMachines: readonly (readonly [ofCluster: string, ofBill: string, key: string])[] = [
  ['aws:///us-east-1a/i-0123456789abcdef0', 'i-0123456789abcdef0', 'aws:i-0123456789abcdef0'],
  [
    'aws:///us-east-1a/i-0123456789abcdef0',
    'arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789ABCDEF0',
    'aws:i-0123456789abcdef0',
  ],
  ['aws://us-east-1a/vol-0123456789abcdef0', 'vol-0123456789abcdef0', 'aws:vol-0123456789abcdef0'],
  ['i-12345678', 'arn:aws:ec2:eu-west-1:1:instance/i-12345678', 'aws:i-12345678'],
  [
    'gce://shop-1/europe-west1-b/gke-pool-1',
    '//compute.googleapis.com/projects/shop-1/zones/europe-west1-b/instances/gke-pool-1',
    'gcp:shop-1/europe-west1-b/gke-pool-1',
  ],
  [
    'azure:///subscriptions/0A/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-1',
    '/subscriptions/0a/resourcegroups/G/providers/microsoft.compute/virtualmachines/VM-1',
    'azure:/subscriptions/0a/resourcegroups/g/providers/microsoft.compute/virtualmachines/vm-1',
  ],
];

/** Ids of what is neither a machine nor a disk. */
export const strangers: readonly string[] = [
  '',
  'my-bucket',
  'arn:aws:s3:::i-am-a-bucket',
  'i-',
  'xi-12345678',
  'gce://a/b',
];
