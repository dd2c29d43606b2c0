import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { ImageMetadata } from '../../../schema/entities/image-metadata.entity.ts';
import { DomainError } from '../../errors.ts';
import { metadataLimits, type MetadataFilterInput } from './metadata.input.ts';

/** Leaves the images, under the alias `image`, whose metadata meet a filter that was checked. */
export function addMetadataConditions(query: SelectQueryBuilder<ObjectLiteral>, filter: MetadataFilterInput): void {
  const parameters: Record<string, string> = {};
  let count = 0;
  const sqlOf = ({ name, is, isNot, allOf, anyOf }: MetadataFilterInput): string => {
    if (allOf) return `(${allOf.map(sqlOf).join(' AND ')})`;
    if (anyOf) return `(${anyOf.map(sqlOf).join(' OR ')})`;
    const [pair, nameParameter, valueParameter] = [`pair${count}`, `name${count}`, `value${count}`];
    count++;
    // Values are kept without blanks around them.
    parameters[nameParameter] = (name ?? '').trim();
    parameters[valueParameter] = (is ?? isNot ?? '').trim();
    const found = query.subQuery().select(`${pair}.imageId`).from(ImageMetadata, pair);
    found
      .where(`${pair}.imageId = image.id AND ${pair}.name = :${nameParameter} AND ${pair}.value = :${valueParameter}`)
      .limit(1);
    return `${found.getQuery()} IS ${is == null ? '' : 'NOT '}NULL`;
  };
  query.andWhere(sqlOf(filter), parameters);
}

/** @throws DomainError when a condition is of no form, or there are too many, or they are nested too deep */
export function checkMetadataFilter(filter: MetadataFilterInput): void {
  const max = metadataLimits.conditions;
  const count = countOf(filter);
  if (count <= max) return;
  const message = `filter.metadata has ${count} conditions; the limit is ${max}.`;
  throw new DomainError('INVALID', message, { field: 'filter.metadata', max, value: count });
}

function countOf({ name, is, isNot, allOf, anyOf }: MetadataFilterInput, depth = 1): number {
  if (depth > metadataLimits.depth) throw tooDeep(depth);
  const comparisons = [is, isNot].filter((value) => value != null).length;
  const forms = [name, allOf, anyOf].filter((form) => form != null).length;
  if (forms !== 1 || comparisons !== (name == null ? 0 : 1)) throw malformed();
  if (name != null) return 1;
  const parts = allOf ?? anyOf ?? [];
  if (parts.length === 0) throw malformed();
  return parts.reduce((sum, part) => sum + countOf(part, depth + 1), 0);
}

function tooDeep(value: number): DomainError {
  const max = metadataLimits.depth;
  const message = `filter.metadata is nested ${value} or more levels deep; the limit is ${max}.`;
  return new DomainError('INVALID', message, { field: 'filter.metadata', max, value });
}

function malformed(): DomainError {
  const message =
    'filter.metadata: a condition must have either name with one of is and isNot, or a non-empty allOf, or a non-empty anyOf.';
  return new DomainError('INVALID', message, { field: 'filter.metadata' });
}
