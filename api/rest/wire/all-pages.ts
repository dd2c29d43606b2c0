import { nextCursor, type Page, type PageArgs } from '../../connection.ts';

const atOnce = 200;

/** Azure's lists come whole; ours in pages. */
export async function allPages<T>(list: (page: PageArgs) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let after: string | null = null;
  for (;;) {
    const page: Page<T> = await list({ first: atOnce, after });
    all.push(...page.nodes);
    after = nextCursor(page);
    if (after === null) return all;
  }
}
