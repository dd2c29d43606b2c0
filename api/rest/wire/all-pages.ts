import { nextCursor, type Page, type PageArgs } from '../../connection.ts';

/** The most that our lists give. */
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

/** A window of a list by numbers, as Azure has it: pages before it are passed over. */
export async function skipPages<T>(
  list: (page: PageArgs) => Promise<Page<T>>,
  skip: number,
  take: number,
): Promise<T[]> {
  if (take === 0) return [];
  const window: T[] = [];
  let after: string | null = null;
  let at = 0;
  do {
    const page: Page<T> = await list({ first: Math.min(atOnce, skip + take - at), after });
    window.push(...page.nodes.slice(Math.max(0, skip - at)));
    at += page.nodes.length;
    after = nextCursor(page);
  } while (after !== null && at < skip + take);
  return window;
}
