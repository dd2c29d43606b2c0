import type { Page, PageArgs } from '../../connection.ts';

const atOnce = 200;

/** Azure's lists come whole; ours in pages. */
export async function allPages<T>(list: (page: PageArgs) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let after: string | null = null;
  for (;;) {
    const { nodes, cursorOf, hasNextPage }: Page<T> = await list({ first: atOnce, after });
    all.push(...nodes);
    const last = nodes.at(-1);
    if (!hasNextPage || !last) return all;
    after = Buffer.from(cursorOf(last)).toString('base64url');
  }
}
