import type { FastifyInstance } from 'fastify';

/** The path of a URL without its query, which may contain a key or a signature. */
export const pathOf = (url: string): string => url.split('?')[0] ?? '';

/** Refuses what no route takes: with 405 where other methods are served, with 404 elsewhere. Comes before all routes. */
export function refuseUnknownPaths(app: FastifyInstance): void {
  const routes: { pattern: RegExp; methods: string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ pattern: patternOf(url), methods: [method].flat() });
  });
  app.setNotFoundHandler(({ method, url }, reply) => {
    const path = pathOf(url);
    const methods = routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    if (methods.length === 0) {
      const message = `There is nothing at ${method} ${path}; the GraphQL API is at /graphql.`;
      return reply.code(404).send({ error: { code: 'NOT_FOUND', message } });
    }
    const allowed = methods.join(', ');
    const message = `${path} does not accept ${method}; use ${allowed}.`;
    return reply
      .code(405)
      .header('allow', allowed)
      .send({ error: { code: 'METHOD_NOT_ALLOWED', message, allowed } });
  });
}

/** A pattern for the paths that a route serves, which are not case-sensitive. */
function patternOf(url: string): RegExp {
  const literal = url.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll(/:\w+/g, '[^/]+')}$`, 'i');
}
