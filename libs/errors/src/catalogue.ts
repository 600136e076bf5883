import type { ErrorKind } from './kind';

/** One entry of the catalogue: a code is for ever; a removed one stays reserved. */
export interface CatalogueEntry {
  readonly kind: ErrorKind;
  /** What happened, as a short sentence without a full stop. */
  readonly title: string;
  /** What the caller or the operator can do. */
  readonly remedy: string;
}

const entry = (kind: ErrorKind, title: string, remedy: string): CatalogueEntry => ({ kind, title, remedy });

/** Every error that leaves a service. `code` = problem JSON `code` = metric label `reason` = heading in ERRORS.md. */
export const errorCatalogue = {
  // Any service
  'internal-error': entry(
    'internal',
    'Something failed inside the service',
    'Report the request id; the log has the cause.',
  ),
  'invalid-request': entry(
    'invalid-input',
    'The request does not have the documented form',
    'See `details` for the fields and what was expected.',
  ),
  'malformed-json': entry(
    'invalid-input',
    'The body is not valid JSON',
    'Send one JSON document with `Content-Type: application/json`.',
  ),
  'not-found': entry(
    'not-found',
    'There is nothing at this address',
    'Check the path and the id; an id of another organization is not found either.',
  ),
  'method-not-allowed': entry(
    'method-not-allowed',
    'The address does not take this method',
    'The `Allow` header lists the methods it takes.',
  ),
  'body-too-large': entry(
    'payload-too-large',
    'The request body is larger than the limit',
    'Send less in one request.',
  ),
  'headers-too-large': entry(
    'headers-too-large',
    'The address and the headers of the request are larger than the limit',
    'Ask with fewer or shorter parameters.',
  ),
  'unsupported-media-type': entry(
    'unsupported-media-type',
    'The body is in a form that the service does not read',
    'Use the documented `Content-Type` and `Content-Encoding`.',
  ),
  'request-aborted': entry(
    'request-timeout',
    'The client went away or was too slow before the request was complete',
    'Send the whole request within the time limit.',
  ),
  'shutting-down': entry(
    'upstream-unavailable',
    'The instance is about to stop',
    'Send the request again; another instance answers it.',
  ),

  // Authentication
  unauthenticated: entry(
    'unauthenticated',
    'No valid credentials came with the request',
    'Send a valid token, secret or user name and password.',
  ),
  forbidden: entry(
    'forbidden',
    'The credentials do not allow this',
    'Ask an owner of the organization for the role that does.',
  ),

  // Organizations, users, cloud accounts, costs
  'metadata-unavailable': entry(
    'upstream-unavailable',
    'The store of organizations and accounts does not answer',
    'Send the request again after `Retry-After`; operators check MongoDB.',
  ),
  'user-exists': entry('conflict', 'A user with this e-mail address exists already', 'Use another address.'),
  'account-name-taken': entry(
    'conflict',
    'A cloud account of this organization has that name',
    'Choose another name, or delete the account that has it.',
  ),
  'price-book-changed': entry(
    'conflict',
    'Another version of the price book was stored in the meantime',
    'Read the price book again, make the change in it and store it with its version.',
  ),
  'allocation-rules-changed': entry(
    'conflict',
    'Another version of the allocation rules was stored in the meantime',
    'Read the rules again, make the change in them and store them with their version.',
  ),
  'rotation-conflict': entry(
    'conflict',
    'Others are rotating the same credentials at this moment',
    'Look which password is in use, then rotate again if it is still wanted.',
  ),
  'invalid-credentials': entry(
    'unauthenticated',
    'The e-mail address and the password do not belong together',
    'Check both; an unknown address is answered the same way.',
  ),
  'sign-in-throttled': entry(
    'limit-exceeded',
    'Too many failed sign-ins for this address',
    'Wait for `Retry-After`, then try again.',
  ),
  'rate-limited': entry(
    'limit-exceeded',
    'The token or its organization has asked more than it may in a minute',
    'Wait for `Retry-After`; `RateLimit-Remaining` says how much is left. Ask for longer windows less often.',
  ),
  'last-owner': entry(
    'conflict',
    'The organization would be left without an owner',
    'Make somebody else an owner first.',
  ),
  'identity-refused': entry(
    'unauthenticated',
    'What the identity provider has issued was not accepted',
    'The message names the rule; sign in at the provider again, with the client id that `oidc_providers` shows.',
  ),
  'identity-provider-unavailable': entry(
    'upstream-unavailable',
    'The identity provider does not answer, or not as one',
    'Try again; tokens that were issued before go on, and people with a password sign in by it.',
  ),
  'identity-email-unverified': entry(
    'forbidden',
    'The identity provider does not say that the e-mail address is verified',
    'Verify the address there; or have the operator set `trust_email` for a provider whose addresses are its own.',
  ),
  'identity-link-required': entry(
    'conflict',
    'There is a user with this e-mail address who was never seen with this identity',
    'Sign in by password, then send the ID token to `POST /restapi/v2/users/me/identities`.',
  ),
  'identity-linked-already': entry(
    'conflict',
    'The identity, or another one of the same provider, is linked already',
    'Sign in with the identity that is linked.',
  ),
  'identity-without-access': entry(
    'forbidden',
    'No group of the person has a role in any organization here',
    'Ask an owner of the organization to give a role to one of your groups, or your identity provider for the group.',
  ),
  'members-busy': entry(
    'conflict',
    'Others are changing the members of the organization at this moment',
    'Send the request again.',
  ),
  'already-member': entry(
    'conflict',
    'The user belongs to the organization already',
    'Change the role of the user instead.',
  ),
  'invitation-invalid': entry(
    'unauthenticated',
    'The invitation is not known, has expired, was used or was taken back',
    'Ask an owner of the organization for another one.',
  ),
  'too-many-tokens': entry(
    'unprocessable',
    'There are as many living tokens as there may be',
    'Revoke some that are not used any more; the list says when each was last used.',
  ),
  overloaded: entry(
    'upstream-unavailable',
    'The service has more work than it takes at once',
    'Send the request again after `Retry-After`.',
  ),
  'range-too-long': entry(
    'unprocessable',
    'The window is longer than one answer covers',
    'Ask for a shorter window or a longer step; `details` has the limit.',
  ),

  // Bills, pools
  'account-not-bill': entry(
    'unprocessable',
    'The cloud account takes no bills',
    'Use an account of type aws_cnr, azure_cnr, gcp_cnr or environment.',
  ),
  'bill-file-unreadable': entry(
    'unprocessable',
    'The file is not a bill that can be read',
    'Send a FOCUS 1.x file as CSV, gzipped CSV or Parquet; the message says where reading ended.',
  ),
  'focus-column-missing': entry(
    'unprocessable',
    'The file lacks a mandatory FOCUS column',
    'Export with the columns in `details.columns`; their names are those of the specification.',
  ),
  'bill-records-refused': entry(
    'unprocessable',
    'Records of the file break the rules of FOCUS; nothing of the file was taken',
    'Correct the lines in `details.faults`, or send it with `faulty_records=skip` to leave them out.',
  ),
  'import-superseded': entry(
    'conflict',
    'A later import of the same file has taken over',
    'Look at the imports of the account; the later one decides.',
  ),
  'bill-storing-failed': entry(
    'upstream-unavailable',
    'What was stored of the file is not what was sent',
    'Send the file again; nothing of it is visible.',
  ),
  'pool-name-taken': entry('conflict', 'A pool of this organization has that name', 'Choose another name.'),
  'too-many-rules': entry(
    'unprocessable',
    'The organization has as many assignment rules as it may',
    'Delete rules that are not used any more.',
  ),

  // Remote Write: the whole request
  'snappy-malformed': entry(
    'invalid-input',
    'The body is not one snappy block',
    'Compress with the snappy block format; the framed format is not Remote Write.',
  ),
  'decoded-body-too-large': entry(
    'payload-too-large',
    'The body declares more decoded bytes than the limit',
    'Send fewer samples in one request (`max_samples_per_send`).',
  ),
  'protobuf-malformed': entry(
    'invalid-input',
    'The decoded body is not a prometheus.WriteRequest',
    'Send what `prompb/remote.proto` of Prometheus describes; the `Content-Type` must name the message that is sent.',
  ),
  'symbol-reference-invalid': entry(
    'invalid-input',
    'A reference of a Remote Write 2.0 request leads to no symbol',
    'References are even in number, each is an index of `symbols`, and the first symbol is the empty text.',
  ),
  'too-many-series': entry(
    'payload-too-large',
    'The request holds more series than the limit',
    'Send fewer series in one request (`max_samples_per_send`).',
  ),
  'too-many-samples': entry(
    'payload-too-large',
    'The request holds more samples than the limit',
    'Send fewer samples in one request (`max_samples_per_send`).',
  ),
  'too-many-symbols': entry(
    'payload-too-large',
    'A Remote Write 2.0 request holds more symbols than its series could refer to',
    'Send each text once, and fewer samples in one request (`max_samples_per_send`).',
  ),

  // Remote Write: one series; the good ones of the same request are kept
  'too-many-labels': entry('invalid-input', 'A series has more labels than the limit', 'Drop labels by relabelling.'),
  'label-name-empty': entry('invalid-input', 'A label has no name', 'Name every label.'),
  'label-name-invalid': entry(
    'invalid-input',
    'A label name has characters that the store does not take',
    'Use letters, digits and underscores, not beginning with a digit.',
  ),
  'label-name-duplicate': entry(
    'invalid-input',
    'A label name occurs twice in one series',
    'Send each label once; check `external_labels` and relabelling.',
  ),
  'label-name-too-long': entry('invalid-input', 'A label name is longer than the limit', 'Shorten the name.'),
  'label-value-too-long': entry(
    'invalid-input',
    'A label value is longer than the limit',
    'Shorten or drop the label by relabelling.',
  ),
  'label-not-utf8': entry('invalid-input', 'A label is not valid UTF-8', 'Send names and values as UTF-8.'),
  'metric-name-missing': entry('invalid-input', 'A series has no metric name', 'Send a `__name__` label.'),
  'metric-name-invalid': entry(
    'invalid-input',
    'A metric name has characters that the store does not take',
    'Use letters, digits, underscores and colons, not beginning with a digit.',
  ),
  'sample-too-far-in-future': entry(
    'invalid-input',
    'A sample is later than the clock allows',
    'Set the clock of the sender; samples more than the limit ahead would block every later write.',
  ),
  'sample-timestamp-not-positive': entry(
    'invalid-input',
    'A sample has a timestamp of zero or before 1970',
    'Send milliseconds since the epoch.',
  ),
  'histogram-invalid': entry(
    'invalid-input',
    'A native histogram contradicts itself',
    'Spans and buckets must match in number, counts must not be negative and must add up to the count of the histogram.',
  ),
  'series-mixes-samples-and-histograms': entry(
    'invalid-input',
    'A series of a Remote Write 2.0 request has both samples and histograms',
    'Send them as two series with the same labels.',
  ),

  // Remote Write: the gateway
  'account-id-missing': entry(
    'invalid-input',
    'Nothing in the request names a cloud account',
    'Send the `Cloud-Account-Id` header, or the id as the Basic user name.',
  ),
  'account-id-malformed': entry(
    'invalid-input',
    'The cloud account id is not a UUID',
    'Use the id that was shown when the account was created.',
  ),
  'header-duplicated': entry(
    'invalid-input',
    'A header that may occur once occurs more than once',
    'Send it once; check proxies on the way.',
  ),
  'account-deleted': entry(
    'unprocessable',
    'The cloud account was deleted',
    'Stop the sender or create a new account.',
  ),
  'account-not-kubernetes': entry(
    'unprocessable',
    'The cloud account is not a Kubernetes cluster',
    'Use the credentials of an account of type kubernetes_cnr.',
  ),
  'account-lookup-unavailable': entry(
    'upstream-unavailable',
    'The account cannot be looked up at the moment',
    'Send the same request again; nothing was stored.',
  ),
  'remote-write-version-unsupported': entry(
    'unsupported-media-type',
    'This version of Remote Write is not accepted',
    'Send `prometheus.WriteRequest` (Remote Write 1.0).',
  ),
  'gateway-overloaded': entry(
    'upstream-unavailable',
    'The gateway has as many writes in flight as it can hold',
    'Send the same request again after the time in Retry-After.',
  ),
  'account-overloaded': entry(
    'upstream-unavailable',
    'The account has as many writes in flight as one account may',
    'Send the same request again after the time in Retry-After; fewer shards (`max_shards`) help.',
  ),
  'sample-rate-exceeded': entry(
    'limit-exceeded',
    'The account sends more samples a second than it may',
    'Wait for `Retry-After`; set `retry_on_http_429: true`, or Prometheus drops the batch. Send less, or have the limit raised.',
  ),
  // 503, not 429: behind the same address may be senders with right credentials, and they drop what is answered 429.
  'auth-failures-throttled': entry(
    'upstream-unavailable',
    'Too many writes with wrong credentials came from this address',
    'Find the sender with wrong credentials at this address, then wait for `Retry-After`.',
  ),
  'gateway-thread-failed': entry(
    'upstream-unavailable',
    'The thread that checked the body has failed',
    'Send the same request again; nothing was stored. If it stays, report the request id.',
  ),
  'metrics-store-rejected': entry(
    'upstream-rejected',
    'The metrics store refused the samples',
    'The text is the answer of the store; such samples can never be stored.',
  ),
  'metrics-store-unavailable': entry(
    'upstream-unavailable',
    'The metrics store does not answer',
    'Send the same request again after the time in Retry-After.',
  ),
  'metrics-store-timeout': entry(
    'timeout',
    'The metrics store did not answer in time',
    'Send the same request again; storing a sample twice does no harm.',
  ),

  // Remote Write: our own sender
  'remote-write-rejected': entry(
    'upstream-rejected',
    'The receiver refused the samples',
    'The text is the answer of the receiver; sending the same again does not help.',
  ),
  'remote-write-unavailable': entry(
    'upstream-unavailable',
    'The receiver did not take the write, also not after retries',
    'Check that the receiver runs and can be reached.',
  ),

  // Kubecost and OpenCost
  'influxdb-unavailable': entry(
    'upstream-unavailable',
    'InfluxDB cannot be reached, refuses our credentials, or lacks the database',
    'Check INFLUXDB_URL, the user and that its database exists; the export is tried again by itself and loses no hour.',
  ),
  'influxdb-timeout': entry(
    'timeout',
    'InfluxDB did not answer in time',
    'The export is tried again by itself; give InfluxDB more resources, or raise INFLUXDB_TIMEOUT_SECONDS.',
  ),
  'influxdb-rejected': entry(
    'upstream-rejected',
    'InfluxDB refused the points themselves',
    'The log has its reason: most often a field of another type in the same measurement, or a limit on the values of a tag.',
  ),
  'kubecost-unavailable': entry(
    'upstream-unavailable',
    'Kubecost cannot be reached, or answers with an error of its own',
    'Check that the cost model runs and that its address is right; it is asked again by itself.',
  ),
  'kubecost-timeout': entry(
    'timeout',
    'Kubecost did not answer in time',
    'Ask for a shorter window, give it more time, or give its Prometheus more resources.',
  ),
  'kubecost-circuit-open': entry(
    'upstream-unavailable',
    'Kubecost failed several times in a row and is left alone for a moment',
    'Wait: it is tried again by itself; the log has the failure that came first.',
  ),
  'kubecost-rejected': entry(
    'upstream-rejected',
    'Kubecost refused the request',
    'Most often a window or a filter that this version does not know; the log has the reason that it gave.',
  ),
  'kubecost-not-offered': entry(
    'upstream-rejected',
    'This product or version does not have what was asked for',
    'Budgets, predictions and savings are there in Kubecost, not in OpenCost.',
  ),
  'kubecost-answer-unexpected': entry(
    'upstream-rejected',
    'The answer does not have the form that is known of Kubecost',
    'The message names the place and what was expected; check what stands at the address, and its version. If it answers for several clusters, set `kubecost_cluster_id` of the account.',
  ),
  'kubecost-endpoint-refused': entry(
    'unprocessable',
    'The address of an account’s Kubecost is not one that the operator allows',
    'Name a host that `KUBECOST_ENDPOINT_ALLOW` has, without credentials; or have the operator allow it.',
  ),
  'kubecost-busy': entry(
    'limit-exceeded',
    'An account’s Kubecost, or Kubecosts at all, are asked too much at once',
    'Ask again in a moment, or with `source=stored`.',
  ),
  'kubecost-not-configured': entry(
    'unprocessable',
    'The account has no Kubecost that may be asked',
    'Set `kubecost_endpoint` of the cloud account, or ask with `source=auto` or `stored`.',
  ),
  'kubecost-cannot-answer': entry(
    'unprocessable',
    'The question cannot be put to Kubecost as it is, or it does not know all of the window any more',
    'Ask without filter, sharing and explanation, by its own names, with steps in hours or days; or with `source=stored`.',
  ),
  'kubecost-answer-empty': entry(
    'upstream-rejected',
    'Kubecost knows nothing of the window',
    'It may be older than what Kubecost keeps: ask with `source=stored`.',
  ),
  'kubecost-answer-too-large': entry(
    'unprocessable',
    'The answer of Kubecost is larger than is read',
    'Ask for a shorter window, or aggregate.',
  ),

  // ClickHouse
  'clickhouse-unavailable': entry(
    'upstream-unavailable',
    'The database of facts cannot be used at the moment',
    'Send the request again later; if it stays, check that ClickHouse runs and takes our credentials.',
  ),
  'clickhouse-schema-missing': entry(
    'upstream-unavailable',
    'The database of facts has no tables yet, or older ones',
    'Wait for the migrations of kubecost-worker, or run them.',
  ),
  'clickhouse-schema-changed': entry(
    'internal',
    'A migration that was applied before is not the same any more',
    'Restore the file; a change of the schema is a new migration.',
  ),
  'clickhouse-query-timeout': entry(
    'timeout',
    'The query took longer than it may',
    'Ask for a shorter window, or again when there is less load.',
  ),
  'clickhouse-query-too-large': entry(
    'unprocessable',
    'The query needs more memory or gives more rows than it may',
    'Ask for a shorter window, or for fewer groups.',
  ),
  'clickhouse-rejected': entry(
    'internal',
    'ClickHouse refused a statement of ours',
    'Report the request id; the log has the statement.',
  ),
  'clickhouse-unexpected-row': entry(
    'internal',
    'ClickHouse answered in a form that we do not know',
    'Report the request id; the log has the column.',
  ),

  // Queues
  'queue-unavailable': entry(
    'upstream-unavailable',
    'The queue did not take the job',
    'Send the request again later; asking twice does no harm.',
  ),
  'job-payload-invalid': entry(
    'invalid-input',
    'The job does not have the form of its queue',
    'See `details` for the fields and what was expected.',
  ),

  // Backups and tenants that go
  'backup-incomplete': entry(
    'invalid-input',
    'The folder does not hold a whole backup',
    'A backup without `manifest.json` was interrupted, and a file that has changed is named: restore another one.',
  ),
  'backup-exists': entry(
    'conflict',
    'The folder holds a whole backup already',
    'Back up into another folder; nothing is ever written over.',
  ),
  'stores-not-empty': entry(
    'conflict',
    'A restore would write into stores that hold data',
    'Restore into empty stores. What an interrupted restore has left is taken away by itself.',
  ),
  'restore-unfinished': entry(
    'conflict',
    'A restore of a backup has begun and was not finished',
    'Run `restore` of the backup that is named again. To give it up: empty the stores, then drop the database that is the mark.',
  ),
  'tenant-busy': entry(
    'upstream-unavailable',
    'Work for the tenant has not ended',
    'Run the command again; what it has done already stays done.',
  ),

  // Worker
  'hour-busy': entry(
    'limit-exceeded',
    'Another worker is at this hour or day',
    'Nothing to do: the job is tried again by itself.',
  ),
  'hour-lock-lost': entry(
    'upstream-unavailable',
    'The lock of an hour or day was lost before its write was complete',
    'Nothing to do: the job is tried again by itself.',
  ),
  'facts-incomplete': entry(
    'upstream-unavailable',
    'ClickHouse does not hold the rows of a version that was written to it',
    'Nothing to do: the job is tried again. If it stays, store the hour again by a backfill.',
  ),
  'facts-unbalanced': entry(
    'internal',
    'The allocations of an hour do not add up to its assets',
    'The hour is not stored and its last answer stays. Report it with the log line, which names the resources and both sums.',
  ),

  // Windows, and metrics read from the store
  'invalid-window': entry(
    'invalid-input',
    'The window cannot be read',
    'Use one of the documented forms, such as `today`, `7d`, `1h offset 1d` or two unix times with a comma.',
  ),
  'filter-invalid': entry(
    'invalid-input',
    'The filter cannot be read',
    'The message and `details.position` name the place and what was expected there. In a URL, write `+` as `%2B`.',
  ),
  'job-not-failed': entry(
    'conflict',
    'There is no failed job of this id for the account',
    'List the failed jobs; it may have been run again already, or been forgotten after its time.',
  ),
  'export-changed': entry(
    'conflict',
    'The data of the export has changed since its first part',
    'Start the export again; late data or another bill has come in between.',
  ),
  'export-not-closed': entry(
    'conflict',
    'The last hours of the window are not closed yet',
    'Ask again after `Retry-After`: hours are closed some ten minutes after their end, later when the worker was down. Earlier days can be exported now.',
  ),
  'export-incomplete': entry(
    'upstream-unavailable',
    'Not everything that belongs to the export can be read at this moment',
    'Ask again after `Retry-After`; an export is whole or none.',
  ),
  'aggregate-invalid': entry(
    'invalid-input',
    'The costs cannot be grouped by this',
    'Use the names in the message, `label:` or `annotation:` with a key, several with commas, or `all`.',
  ),
  'step-invalid': entry(
    'invalid-input',
    'The step, or what steps are to be added up to, cannot be used',
    'Use `hour`, `day`, `week`, `month`, `quarter`, or a length in whole hours such as `6h` or `2d`; accumulate by something longer than the step.',
  ),
  'metrics-query-too-large': entry(
    'unprocessable',
    'The metrics asked for are more than one query may return',
    'Ask for a shorter window, fewer metrics or a longer step.',
  ),
  'too-many-points': entry(
    'unprocessable',
    'The answer would hold more points than the limit',
    'Ask for a shorter window, fewer metrics or a longer step; `details` has the limit.',
  ),
  'metroculus-unavailable': entry(
    'upstream-unavailable',
    'The service that reads metrics does not answer',
    'Send the request again after `Retry-After`; operators check metroculus and the metrics store.',
  ),
  'metroculus-timeout': entry(
    'timeout',
    'The service that reads metrics did not answer in time',
    'Send the request again after `Retry-After`, for a shorter window if it happens again.',
  ),
  'metroculus-rejected': entry(
    'upstream-rejected',
    'The service that reads metrics refused the request',
    'Report the request id; the log has its answer.',
  ),
  'metroculus-incomplete-stream': entry(
    'upstream-unavailable',
    'The stream of an hour ended before its last line, or its last line is not true of it',
    'Send the request again; no row of such a stream is used.',
  ),
} as const satisfies Readonly<Record<string, CatalogueEntry>>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof errorCatalogue;
