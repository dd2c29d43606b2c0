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
  const window: T[] = [];
  let after: string | null = null;
  for (let at = 0; at < skip + take;) {
    const { nodes, cursorOf, hasNextPage, stoppedAt }: Page<T> = await list({
      first: Math.min(atOnce, skip + take - at),
      after,
    });
    window.push(...nodes.slice(Math.max(0, skip - at)));
    at += nodes.length;
    const last = nodes.at(-1);
    const place = stoppedAt ?? (last && cursorOf(last));
    if (!hasNextPage || place === undefined) break;
    after = Buffer.from(place).toString('base64url');
  }
  return window;
}
