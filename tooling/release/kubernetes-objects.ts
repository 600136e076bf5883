/** What the tests read of Kubernetes objects; whether objects are right as a whole is for the API's own schemas to say. */

type Labels = Readonly<Record<string, string>>;

interface Metadata {
  readonly name: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
}

export interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly Variable[];
  readonly envFrom?: readonly { readonly configMapRef?: { readonly name: string } }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe?: { readonly httpGet?: { readonly path: string } };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Labels; readonly annotations?: Labels };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly nodeSelector?: Labels;
    readonly tolerations?: readonly { readonly key: string }[];
    readonly securityContext?: object;
  };
}

/** The fields of every kind of spec that a test looks at. */
export interface Spec {
  readonly template: PodTemplate;
  readonly replicas?: number;
  readonly selector?: Labels & { readonly matchLabels?: Labels };
  readonly podSelector?: { readonly matchLabels?: Labels };
  readonly ports?: readonly {
    readonly name: string;
    readonly port: number;
    readonly targetPort: string;
    readonly appProtocol?: string;
  }[];
  readonly ingress?: readonly {
    readonly ports: readonly { readonly port: string }[];
    readonly from?: readonly unknown[];
  }[];
  readonly rules?: readonly { readonly http: { readonly paths: readonly IngressPath[] } }[];
  readonly scaleTargetRef?: { readonly name: string };
  readonly groups?: readonly unknown[];
  readonly volumeClaimTemplates?: readonly { readonly spec: { readonly storageClassName?: string } }[];
  readonly defaults?: { readonly templates: Readonly<Record<'podTemplate' | 'dataVolumeClaimTemplate', string>> };
  readonly configuration?: {
    readonly clusters: readonly object[];
    readonly users?: object;
    readonly zookeeper?: object;
  };
  readonly templates?: {
    readonly podTemplates: readonly (PodTemplate & { readonly name: string })[];
    readonly volumeClaimTemplates: readonly object[];
  };
}

interface IngressPath {
  readonly path: string;
  readonly backend: { readonly service: { readonly name: string; readonly port: { readonly name: string } } };
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec: Spec;
  readonly data?: Labels;
  readonly stringData?: Labels;
}

export const ofKind = (
  objects: readonly KubernetesObject[],
  ...kinds: readonly string[]
): readonly KubernetesObject[] => objects.filter(({ kind }) => kinds.includes(kind));

/** One object, by kind and name. */
export function find(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const object = objects.find((candidate) => candidate.kind === kind && candidate.metadata.name === name);
  if (object === undefined) throw new Error(`there is no ${kind} ${name}`);
  return object;
}

/** Whatever makes pods. */
export const workloadsOf = (objects: readonly KubernetesObject[]): readonly KubernetesObject[] =>
  ofKind(objects, 'Deployment', 'StatefulSet', 'DaemonSet', 'Job');

/** The only container of a workload's pods. */
export function containerOf(workload: KubernetesObject): Container {
  const [container, ...others] = workload.spec.template.spec.containers;
  if (container === undefined || others.length > 0) throw new Error(`${workload.metadata.name} has not one container`);
  return container;
}
