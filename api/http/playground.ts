import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';

const require = createRequire(import.meta.url);
const packageFile = (name: string, file: string): string =>
  join(dirname(require.resolve(`${name}/package.json`)), file);
const startScript = fileURLToPath(new URL('./playground-start.js', import.meta.url));

/** GraphiQL as its makers built it, served from here: the playground needs no network. */
const assets: Record<string, { path: string; contentType: string }> = {
  'react.js': { path: packageFile('react', 'umd/react.production.min.js'), contentType: 'text/javascript' },
  'react-dom.js': { path: packageFile('react-dom', 'umd/react-dom.production.min.js'), contentType: 'text/javascript' },
  'graphiql.js': { path: packageFile('graphiql', 'graphiql.min.js'), contentType: 'text/javascript' },
  'graphiql.css': { path: packageFile('graphiql', 'graphiql.min.css'), contentType: 'text/css' },
  'graphql-ws.js': { path: packageFile('graphql-ws', 'umd/graphql-ws.min.js'), contentType: 'text/javascript' },
  'start.js': { path: startScript, contentType: 'text/javascript' },
};

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Taglens playground</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/playground/graphiql.css">
<style>html, body, #playground { height: 100%; margin: 0 }</style>
</head>
<body>
<div id="playground">Loading …</div>
${['react', 'react-dom', 'graphql-ws', 'graphiql', 'start'].map((name) => `<script src="/playground/${name}.js"></script>`).join('\n')}
</body>
</html>
`;

/** GraphiQL styles its elements in place and loads fonts and workers as data; everything else comes from this server. */
const pagePolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
].join('; ');

export const wantsPage = (accept: string | undefined): boolean => accept?.includes('text/html') ?? false;

export const playgroundPage = { html: page, policy: pagePolicy };

export function servePlaygroundAssets(app: FastifyInstance): void {
  for (const [name, { path, contentType }] of Object.entries(assets))
    app.get(`/playground/${name}`, async (_request, reply) =>
      reply
        .header('cache-control', 'public, max-age=3600')
        .type(`${contentType}; charset=utf-8`)
        .send(await readFile(path)),
    );
}
