import { z } from 'zod';

const quantity = z.number();
const decimal = z.string().regex(/^-?\d{1,9}\.\d{9}$/, 'must be a decimal with nine decimals');

/** What Kubecost says of one container in a closed hour. What it did not say is 0. */
export const kubecostFigureSchema = z.strictObject({
  cluster_id: z.string(),
  namespace: z.string(),
  pod: z.string(),
  container: z.string(),
  node: z.string(),
  minutes: quantity,
  cpu_core_hours: quantity,
  ram_byte_hours: quantity,
  gpu_hours: quantity,
  pv_byte_hours: quantity,
  network_transfer_bytes: quantity,
  network_receive_bytes: quantity,
  cpu_cost: decimal,
  ram_cost: decimal,
  gpu_cost: decimal,
  pv_cost: decimal,
  network_cost: decimal,
  load_balancer_cost: decimal,
  /** Kubecost's own division of shared costs, costs from elsewhere, and what its total has beyond the known parts. */
  shared_cost: decimal,
  external_cost: decimal,
  other_cost: decimal,
});
export type KubecostFigure = z.infer<typeof kubecostFigureSchema>;

/** Last line of `kubecost_figures`: a stream without it, or of which it is not true, is not complete. */
export const figuresEndSchema = z.strictObject({
  end: z.literal(true),
  /** False: the scrape lacks rows or costs that the exporter counted, and no row is sent. */
  whole: z.boolean(),
  rows: z.int().nonnegative(),
  /** Hex SHA-256 of all row lines, newlines included. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type FiguresEnd = z.infer<typeof figuresEndSchema>;

/** A closed hour of which Kubecost's figures were scraped. */
export const kubecostStatementSchema = z.object({
  /** Its start, unix seconds. */
  hour: z.int().nonnegative(),
  /** When they were scraped last, unix milliseconds, latest first: should the latest not be whole, an earlier one may be. */
  said_at_ms: z.array(z.int().nonnegative()).min(1),
});
export type KubecostStatement = z.infer<typeof kubecostStatementSchema>;

export const kubecostStatementsSchema = z.object({
  cloud_account_id: z.uuid(),
  start_date: z.int().nonnegative(),
  end_date: z.int().nonnegative(),
  /** In the order of their hours. */
  statements: z.array(kubecostStatementSchema),
});
export type KubecostStatements = z.infer<typeof kubecostStatementsSchema>;

/** Paths of what Kubecost itself says. */
export const statementPaths = {
  statements: '/metroculus/v2/kubecost_statements',
  figures: '/metroculus/v2/kubecost_figures',
} as const;
