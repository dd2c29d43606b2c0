import { z } from 'zod';
import { DomainError } from '../../errors.ts';

/**
 * Brings what came over the wire into the form that a schema asks for: names of properties and values of enumerations in any
 * letter case, and null where something is only left out.
 */
export function fit(schema: z.ZodType, value: unknown): unknown {
  const { inner, isOptional } = unwrapped(schema);
  if (value === null && isOptional && !schema.safeParse(null).success) return undefined;
  if (inner instanceof z.ZodObject && isRecord(value)) return fitObject(inner, value);
  if (inner instanceof z.ZodArray && Array.isArray(value))
    return value.map((item) => fit(inner.element as z.ZodType, item));
  if (inner instanceof z.ZodEnum && typeof value === 'string') return fitEnum(inner, value);
  return value;
}

/** The same for the text of a query parameter: lists are joined by commas. */
export function fitText(schema: z.ZodType, text: string): unknown {
  const { inner } = unwrapped(schema);
  if (inner instanceof z.ZodArray) {
    const items = text.split(',').filter((item) => item !== '');
    return items.map((item) => fitText(inner.element as z.ZodType, item.trim()));
  }
  if (text === '' && !(inner instanceof z.ZodString)) return undefined;
  if (inner instanceof z.ZodNumber) return Number(text);
  if (inner instanceof z.ZodBoolean) return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : text;
  return inner instanceof z.ZodEnum ? fitEnum(inner, text) : text;
}

/** @throws DomainError that names the field, what is allowed, the value and the kind of mistake */
export function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') || 'body';
  const message = `${field}: ${issue?.message ?? 'is not as expected'}; it is ${shown(issue?.input)}.`;
  throw new DomainError('INVALID', message, { field, value: shown(issue?.input), issue: issue?.code });
}

/** Without what may be absent, null or filled in. */
export function unwrapped(schema: z.ZodType): { inner: z.ZodType; isOptional: boolean } {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return { inner: unwrapped(schema.unwrap() as z.ZodType).inner, isOptional: true };
  return { inner: schema, isOptional: false };
}

function fitObject(schema: z.ZodObject, value: Record<string, unknown>): Record<string, unknown> {
  const shape = schema.shape as Record<string, z.ZodType>;
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]));
  const fitted: Record<string, unknown> = {};
  for (const [given, item] of Object.entries(value)) {
    const name = names.get(given.toLowerCase());
    const own = name === undefined ? undefined : shape[name];
    // What Azure does not know, or only tells, may be sent back with the rest.
    if (name !== undefined && own) fitted[name] = fit(own, item);
  }
  return fitted;
}

function fitEnum(schema: z.ZodEnum, value: string): string {
  const known = schema.options.map(String);
  return known.find((option) => option.toLowerCase() === value.toLowerCase()) ?? value;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mostShown = 100;

function shown(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}
