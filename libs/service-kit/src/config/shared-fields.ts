import { readFileSync } from 'node:fs';
import { ConfigError } from './config';
import { env, type Field } from './fields';

interface CommonFields {
  readonly HOST: Field<string>;
  readonly PORT: Field<number>;
  readonly ADMIN_PORT: Field<number>;
  readonly LOG_LEVEL: Field<'debug' | 'info' | 'warn' | 'error'>;
  readonly SHUTDOWN_DEADLINE_SECONDS: Field<number>;
}

const logLevels = ['debug', 'info', 'warn', 'error'] as const;

/** The variables that every service has. */
export function commonConfig(ports: { port: number; adminPort: number }): CommonFields;
export function commonConfig(ports: { adminPort: number }): Omit<CommonFields, 'PORT'>;
export function commonConfig(ports: {
  port?: number;
  adminPort: number;
}): Omit<CommonFields, 'PORT'> & Partial<CommonFields> {
  return {
    HOST: env.string('Address to listen on.', { default: '0.0.0.0' }),
    ...(ports.port === undefined
      ? {}
      : { PORT: env.port('Port of the service; 0 takes a free one.', { default: ports.port }) }),
    ADMIN_PORT: env.port('Port of `/metrics`, `/healthz` and `/readyz`; 0 takes a free one.', {
      default: ports.adminPort,
    }),
    LOG_LEVEL: env.oneOf('Least severe level that is logged.', logLevels, { default: 'info' }),
    SHUTDOWN_DEADLINE_SECONDS: env.integer('How long a stop may take before the process ends anyway.', {
      default: 25,
      min: 1,
      max: 600,
    }),
  };
}

type TlsFields<P extends string> = {
  readonly [K in `${P}_TLS_CA_FILE` | `${P}_TLS_CERT_FILE` | `${P}_TLS_KEY_FILE`]: Field<string | undefined>;
} & { readonly [K in `${P}_TLS_VERIFY`]: Field<boolean> };

/** TLS settings of one outgoing connection, named after its area (`MONGODB` gives `MONGODB_TLS_CA_FILE`, …). */
export function tlsConfig<const P extends string>(area: P): TlsFields<P> {
  return {
    [`${area}_TLS_CA_FILE`]: env.optionalString(
      'PEM file of the CA that signed the server, if it is not a public one.',
    ),
    [`${area}_TLS_CERT_FILE`]: env.optionalString('PEM file of our client certificate.'),
    [`${area}_TLS_KEY_FILE`]: env.optionalString('PEM file of the key of our client certificate.'),
    [`${area}_TLS_VERIFY`]: env.boolean('Whether the certificate of the server is verified.', { default: true }),
  } as TlsFields<P>;
}

/** TLS settings as Node's `tls.connect` takes them. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
}

/** Reads the files of one area; undefined when nothing deviates from the defaults. */
export function tlsOptions(config: Readonly<Record<string, unknown>>, area: string): TlsOptions | undefined {
  const read = (name: string): string | undefined => {
    const path = config[`${area}_TLS_${name}`];
    return typeof path === 'string' ? readFileSync(path, 'utf8') : undefined;
  };
  const [ca, cert, key] = [read('CA_FILE'), read('CERT_FILE'), read('KEY_FILE')];
  const rejectUnauthorized = config[`${area}_TLS_VERIFY`] !== false;
  if (ca === undefined && cert === undefined && key === undefined && rejectUnauthorized) return undefined;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized,
  };
}

interface ServerTlsFields {
  readonly TLS_CERT_FILE: Field<string | undefined>;
  readonly TLS_KEY_FILE: Field<string | undefined>;
  readonly TLS_CLIENT_CA_FILE: Field<string | undefined>;
}

/** TLS settings of the service's own listener; plain HTTP without them. */
export function serverTlsConfig(): ServerTlsFields {
  return {
    TLS_CERT_FILE: env.optionalString('PEM file of our certificate and its chain; with it the service speaks HTTPS.'),
    TLS_KEY_FILE: env.optionalString('PEM file of the key of our certificate.'),
    TLS_CLIENT_CA_FILE: env.optionalString('PEM file of the CA whose client certificates are asked for and required.'),
  };
}

/** TLS settings as Node's `https.createServer` takes them. */
export interface ServerTlsOptions {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  readonly requestCert?: boolean;
  readonly rejectUnauthorized?: boolean;
  readonly minVersion: 'TLSv1.2';
}

/**
 * Reads the files of {@link serverTlsConfig}; undefined for plain HTTP.
 *
 * @throws ConfigError when only a part of them is named
 */
export function serverTlsOptions(config: {
  readonly [K in keyof ServerTlsFields]: string | undefined;
}): ServerTlsOptions | undefined {
  const { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE } = config;
  if (TLS_CERT_FILE === undefined || TLS_KEY_FILE === undefined) {
    if (TLS_CERT_FILE === undefined && TLS_KEY_FILE === undefined && TLS_CLIENT_CA_FILE === undefined) return undefined;
    throw new ConfigError(['TLS_CERT_FILE and TLS_KEY_FILE are needed together']);
  }
  const clientCertificates =
    TLS_CLIENT_CA_FILE === undefined
      ? {}
      : { ca: readFileSync(TLS_CLIENT_CA_FILE, 'utf8'), requestCert: true, rejectUnauthorized: true };
  return {
    cert: readFileSync(TLS_CERT_FILE, 'utf8'),
    key: readFileSync(TLS_KEY_FILE, 'utf8'),
    minVersion: 'TLSv1.2',
    ...clientCertificates,
  };
}
