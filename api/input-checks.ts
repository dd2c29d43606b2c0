import { DomainError } from './errors.ts';

interface TextLimits {
  min?: number;
  max: number;
  /** Whether it may have line breaks and tabs, as free text does and a name does not. */
  isMultiline?: boolean;
}

/** No name that is searched is longer. */
const longestSearch = 255;

/** The text without blanks around it. @throws DomainError that names field, limit and length */
export function checkText(field: string, value: string, { min = 0, max, isMultiline = false }: TextLimits): string {
  const text = value.trim();
  const length = [...text].length;
  if (length < min || length > max) {
    const message = `${field} must have ${min} to ${max} characters; it has ${length}.`;
    throw new DomainError('INVALID', message, { field, min, max, length });
  }
  refuseControlCharacters(field, isMultiline ? text.replace(/[\n\r\t]/g, ' ') : text);
  return text;
}

/** Nobody sees them, and they break files, headers and consoles that names are written to. */
function refuseControlCharacters(field: string, text: string): void {
  const found = /\p{Cc}/u.exec(text)?.[0];
  if (found === undefined) return;
  const value = `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  throw new DomainError('INVALID', `${field} must not have control characters; it has ${value}.`, { field, value });
}

/** What follows LIKE to find rows that have the text in them: its own % and _ stand for themselves. */
export function likePattern(search: string): string {
  const { length } = search;
  if (length <= longestSearch) return `%${search.replace(/[!%_]/g, '!$&')}%`;
  const message = `search must have at most ${longestSearch} characters; it has ${length}.`;
  throw new DomainError('INVALID', message, { field: 'search', max: longestSearch, length });
}

/** Letter case is ignored as far as the database knows letters: all of them on MySQL, those of English on SQLite. */
export const containsText = (column: string, parameter: string): string =>
  `LOWER(${column}) LIKE LOWER(:${parameter}) ESCAPE '!'`;

/** @throws DomainError when a list is shorter or longer than allowed; unless said otherwise, it must not be empty */
export function checkCount(field: string, items: readonly unknown[], max: number, min = 1): void {
  if (items.length >= min && items.length <= max) return;
  const message = `${field} must have ${min} to ${max} items; it has ${items.length}.`;
  throw new DomainError('INVALID', message, { field, min, max, length: items.length });
}

/** @throws DomainError unless the fraction is 0 to 1 */
export function checkFraction(field: string, value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw new DomainError('INVALID', `${field} must be 0 to 1; it is ${value}.`, { field, min: 0, max: 1, value });
}
