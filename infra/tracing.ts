import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span } from '@opentelemetry/api';
import type { OpenTracing } from './tracing-exporter.ts';

export { SpanKind, type Context, type Span } from '@opentelemetry/api';
export type { OpenTracing } from './tracing-exporter.ts';

export interface SpanOptions {
  attributes?: Attributes;
  /** A W3C traceparent that came from another process; default: what is under way here. */
  parent?: string | null | undefined;
}

/** Without an endpoint nothing is loaded and every function here does next to nothing. */
export async function startTracing(endpoint: string | undefined, service: string): Promise<OpenTracing | null> {
  if (endpoint === undefined) return null;
  const { openTracing } = await import('./tracing-exporter.ts');
  return openTracing(endpoint, service);
}

/** Runs `work` inside a span, which ends with it and shows its error. */
export function traced<T>(name: string, { attributes = {}, parent }: SpanOptions, work: () => Promise<T>): Promise<T> {
  const around = parent ? contextOf({ traceparent: parent }) : context.active();
  return tracer().startActiveSpan(name, { attributes }, around, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** What is under way, as a W3C traceparent for another process; null when nothing is traced. */
export function currentTraceParent(): string | null {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent ?? null;
}

/** Begins the span of a request, as a part of the caller's trace when its headers name one. */
export function beginRequest(name: string, headers: object): { span: Span; within: Context } {
  const around = contextOf(headers);
  const span = tracer().startSpan(name, { kind: SpanKind.SERVER }, around);
  return { span, within: trace.setSpan(around, span) };
}

export const runWithin = (within: Context, work: () => void): void => context.with(within, work);

export function endRequest(span: Span, status: number, attributes: Attributes): void {
  span.setAttributes({ ...attributes, 'http.response.status_code': status });
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

const tracer = () => trace.getTracer('taglens');

const contextOf = (headers: object): Context => propagation.extract(ROOT_CONTEXT, headers);
