import { DomainError } from '../../errors.ts';
import type { MetadataFilterInput } from '../../features/images/metadata.input.ts';

/** A name in quotes may have blanks; two quotes stand for one. */
const token = /\s*(?:(?<sign>[()])|'(?<quoted>(?:[^']|'')*)'|(?<word>[^\s()']+))/y;

interface Token {
  kind: 'sign' | 'quoted' | 'word';
  text: string;
}

const deepest = 10;

/**
 * Reads a `$filter` over metadata: `camera eq 'left' and (site ne 'Jena' or shift eq 'night')`; `and` binds closer than `or`.
 * @throws DomainError that says where it cannot be read
 */
export function readMetadataFilter(text: string): MetadataFilterInput | null {
  const tokens = tokensOf(text);
  if (tokens.length === 0) return null;
  const reader = new FilterReader(tokens);
  return reader.whole();
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  const length = text.trimEnd().length;
  for (let at = 0; at < length; at = token.lastIndex) {
    token.lastIndex = at;
    const groups = token.exec(text)?.groups;
    if (!groups) throw unreadable(`the quote that opens at ${text.slice(at, at + 20)} is not closed`);
    const { sign, quoted, word } = groups;
    if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replaceAll("''", "'") });
    else tokens.push(sign === undefined ? { kind: 'word', text: word ?? '' } : { kind: 'sign', text: sign });
  }
  return tokens;
}

class FilterReader {
  private at = 0;
  private depth = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  whole(): MetadataFilterInput {
    const filter = this.alternatives();
    if (this.at < this.tokens.length) throw this.unexpected('and, or, or the end');
    return filter;
  }

  private alternatives(): MetadataFilterInput {
    const anyOf = [this.conjunction()];
    while (this.takes('or')) anyOf.push(this.conjunction());
    return single(anyOf) ?? { anyOf };
  }

  private conjunction(): MetadataFilterInput {
    const allOf = [this.condition()];
    while (this.takes('and')) allOf.push(this.condition());
    return single(allOf) ?? { allOf };
  }

  private condition(): MetadataFilterInput {
    if (!this.takes('(', 'sign')) return this.comparison();
    if (++this.depth > deepest) throw unreadable(`parentheses are nested more than ${deepest} deep`);
    const inner = this.alternatives();
    if (!this.takes(')', 'sign')) throw this.unexpected(')');
    this.depth--;
    return inner;
  }

  private comparison(): MetadataFilterInput {
    const name = this.tokens[this.at];
    if (!name || name.kind === 'sign') throw this.unexpected('a name');
    this.at++;
    const isEqual = this.takes('eq');
    if (!isEqual && !this.takes('ne')) throw this.unexpected('eq or ne');
    const value = this.tokens[this.at];
    if (value?.kind !== 'quoted') throw this.unexpected('a value in single quotes');
    this.at++;
    return { name: name.text, ...(isEqual ? { is: value.text } : { isNot: value.text }) };
  }

  private takes(text: string, kind: Token['kind'] = 'word'): boolean {
    const next = this.tokens[this.at];
    const isNext = next?.kind === kind && next.text.toLowerCase() === text;
    if (isNext) this.at++;
    return isNext;
  }

  private unexpected(wanted: string): DomainError {
    const next = this.tokens[this.at];
    return unreadable(`${wanted} is expected, not ${next ? JSON.stringify(next.text) : 'the end'}`);
  }
}

const single = (parts: readonly MetadataFilterInput[]): MetadataFilterInput | null =>
  parts.length === 1 ? (parts[0] ?? null) : null;

function unreadable(why: string): DomainError {
  const message = `$filter: ${why}; write it like camera eq 'left' and site ne 'Jena'.`;
  return new DomainError('INVALID', message, { field: '$filter' });
}
