import { z } from 'zod';

/** Ids in any letter case; ours are lower case. */
export const uuid = () => z.guid().transform((text) => text.toLowerCase());

/** Joined by commas on the way. */
export const csv = <T extends z.ZodType>(item: T, max: number) => z.array(item).max(max);

export const paging = {
  take: z.int().min(0).max(256).default(50),
  skip: z.int().min(0).default(0),
};
