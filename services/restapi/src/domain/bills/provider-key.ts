// AWS: i-… and vol-… are unique by themselves, within ARNs, provider ids of Kubernetes (aws:///zone/i-…) and bills (i-…) alike.
const aws = /(?:^|[/:])((?:i|vol)-[0-9a-f]{8,40})$/;
// GCP: a name is unique within project and zone. gce://project/zone/name; …/projects/project/zones/zone/instances|disks/name
const gce = /^gce:\/\/([^/]+)\/([^/]+)\/([^/]+)$/;
const gcp = /(?:^|\/)projects\/([^/]+)\/zones\/([^/]+)\/(?:instances|disks)\/([^/]+)$/;
const azure = /^(?:azure:\/\/)?(\/subscriptions\/.+)$/;

/**
 * What an asset of a cluster and a row of a bill have in common when they are the same machine or disk; empty when the text
 * names neither.
 */
export function providerKeyOf(id: string): string {
  const text = id.toLowerCase();
  const [, awsId] = aws.exec(text) ?? [];
  if (awsId !== undefined) return `aws:${awsId}`;
  const [, project, zone, name] = gce.exec(text) ?? gcp.exec(text) ?? [];
  if (project !== undefined && zone !== undefined && name !== undefined) return `gcp:${project}/${zone}/${name}`;
  const [, path] = azure.exec(text) ?? [];
  return path === undefined ? '' : `azure:${path}`;
}
