import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { ImageMetadata } from '../../../schema/entities/image-metadata.entity.ts';
import type { MetadataConditionInput } from './metadata.input.ts';

/** Conditions on metadata, combined: every one of them, or any. */
export type MetadataFilter =
  MetadataConditionInput | { every: readonly MetadataFilter[] } | { some: readonly MetadataFilter[] };

/** Restricts a query of images, whose table it calls `image`. */
export function addMetadataFilter(query: SelectQueryBuilder<ObjectLiteral>, filter: MetadataFilter): void {
  let count = 0;
  const textOf = (condition: MetadataFilter): string => {
    if ('every' in condition) return joined(condition.every.map(textOf), 'AND');
    if ('some' in condition) return joined(condition.some.map(textOf), 'OR');
    const [name, value] = [`metadataName${count}`, `metadataValue${count++}`];
    query.setParameters({ [name]: condition.name, [value]: condition.value });
    const own = query.subQuery().select('known.imageId').from(ImageMetadata, 'known').where('known.imageId = image.id');
    own.andWhere(`known.name = :${name} AND known.value = :${value}`);
    return `${condition.isEqual ? '' : 'NOT '}EXISTS ${own.getQuery()}`;
  };
  query.andWhere(textOf(filter));
}

/** Nothing at all restricts nothing. */
const joined = (parts: readonly string[], word: string): string =>
  parts.length > 0 ? `(${parts.join(` ${word} `)})` : '1 = 1';
