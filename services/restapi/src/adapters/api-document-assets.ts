import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openApiDocument, operations } from '@cloudtuner/restapi-client';
import type { StaticAsset } from '@cloudtuner/service-kit';

/** Version of the API: what is in the paths, and counted up with what is added. */
const apiVersion = '2.1.0';

const base = '/restapi/v2';

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>CloudTuner API</title>
    <link rel="icon" href="${base}/docs/favicon-32x32.png">
    <link rel="stylesheet" href="${base}/docs/swagger-ui.css">
  </head>
  <body>
    <div id="api"></div>
    <noscript>This page needs JavaScript; the document itself is at <a href="${base}/openapi.json">openapi.json</a>.</noscript>
    <script src="${base}/docs/swagger-ui-bundle.js"></script>
    <script src="${base}/docs/start.js"></script>
  </body>
</html>
`;

// A file of its own, so that the policy below can refuse every script in the page.
const start = `SwaggerUIBundle({
  url: '${base}/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
`;

/** Nothing from elsewhere, no script but our files; the page sets styles of elements, and draws arrows from data URLs. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const pageHeaders = {
  'Content-Security-Policy': contentSecurityPolicy,
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
};

const distributed = [
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
] as const;

/** The API document and a page that shows it, with everything that the page needs. */
export function apiDocumentAssets(): StaticAsset[] {
  const folder = dirname(require.resolve('swagger-ui-dist/package.json'));
  const text = (path: string, contentType: string, content: string): StaticAsset => ({
    path: `${base}${path}`,
    contentType,
    content: Buffer.from(content),
  });
  const document = JSON.stringify(openApiDocument(operations, { version: apiVersion }));
  return [
    text('/openapi.json', 'application/json; charset=utf-8', document),
    { ...text('/docs', 'text/html; charset=utf-8', page), headers: pageHeaders },
    text('/docs/start.js', 'text/javascript; charset=utf-8', start),
    ...distributed.map(([file, contentType]) => ({
      path: `${base}/docs/${file}`,
      contentType,
      content: readFileSync(join(folder, file)),
    })),
  ];
}
