import type { MetadataFilter } from '../../features/images/metadata-filter.ts';
import { DomainError } from '../../errors.ts';

/** More would be a statement that no database likes. */
const mostConditions = 32;
const token = /\s*(?:([()])|'((?:[^']|'')*)'|([^\s()']+))/y;

type Token = { kind: 'bracket' | 'value' | 'word'; text: string };

/**
 * Azure's `$filter`: `name eq 'value'` and `ne`, joined by `and`, which binds first, and `or`, with brackets. A quote within a
 * value is doubled.
 * @throws DomainError that says where it cannot be read
 */
export function readMetadataFilter(text: string): MetadataFilter {
  return new FilterReader(tokensOf(text)).read();
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  const end = text.trimEnd().length;
  while (token.lastIndex < end) {
    const from = token.lastIndex;
    const match = token.exec(text);
    if (!match) throw unreadable(`from character ${from + 1} on`);
    const [, bracket, value, word] = match;
    if (bracket !== undefined) tokens.push({ kind: 'bracket', text: bracket });
    else if (value !== undefined) tokens.push({ kind: 'value', text: value.replaceAll("''", "'") });
    else tokens.push({ kind: 'word', text: word ?? '' });
  }
  return tokens;
}

/** Reads from left to right, one function a level of the grammar. */
class FilterReader {
  private at = 0;
  private count = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  read(): MetadataFilter {
    const filter = this.some();
    if (this.at < this.tokens.length) throw unreadable(`at ${JSON.stringify(this.tokens[this.at]?.text)}`);
    return filter;
  }

  private some(): MetadataFilter {
    const some = [this.every()];
    while (this.takes('word', 'or')) some.push(this.every());
    return { some };
  }

  private every(): MetadataFilter {
    const every = [this.condition()];
    while (this.takes('word', 'and')) every.push(this.condition());
    return { every };
  }

  private condition(): MetadataFilter {
    if (this.takes('bracket', '(')) {
      const inner = this.some();
      if (!this.takes('bracket', ')')) throw unreadable('for want of a closing bracket');
      return inner;
    }
    if (++this.count > mostConditions) throw unreadable(`for it has more than ${mostConditions} conditions`);
    const name = this.next('word', 'a name');
    const isEqual = this.takes('word', 'eq');
    if (!isEqual && !this.takes('word', 'ne')) throw unreadable(`for want of eq or ne after ${JSON.stringify(name)}`);
    return { name, value: this.next('value', 'a value in single quotes'), isEqual };
  }

  private takes(kind: Token['kind'], text: string): boolean {
    const next = this.tokens[this.at];
    const isNext = next?.kind === kind && next.text.toLowerCase() === text;
    if (isNext) this.at++;
    return isNext;
  }

  private next(kind: Token['kind'], what: string): string {
    const next = this.tokens[this.at++];
    if (next?.kind !== kind) throw unreadable(`for want of ${what}${next ? ` at ${JSON.stringify(next.text)}` : ''}`);
    return next.text;
  }
}

function unreadable(why: string): DomainError {
  const message = `$filter cannot be read ${why}; it takes conditions such as camera eq 'left' and place ne 'door'.`;
  return new DomainError('INVALID', message, { field: '$filter' });
}
