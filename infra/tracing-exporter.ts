import { context, propagation, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

/** Spans of this process on their way to a collector. */
export interface OpenTracing {
  processor: SpanProcessor;
  resource: Resource;
  /** Sends what is left. */
  stop(): Promise<void>;
}

const exportEveryMs = 1000;
const exportTimeoutMs = 5000;

/** From now on every span of this process goes to the collector; one that does not answer loses spans, nothing else. */
export function openTracing(endpoint: string, service: string): OpenTracing {
  const resource = new Resource({ 'service.name': `taglens-${service}` });
  const exporter = new OTLPTraceExporter({ url: endpoint, timeoutMillis: exportTimeoutMs });
  const processor = new BatchSpanProcessor(exporter, { scheduledDelayMillis: exportEveryMs });
  const provider = new NodeTracerProvider({ resource, spanProcessors: [processor] });
  provider.register();
  return {
    processor,
    resource,
    stop: async () => {
      await provider.shutdown().catch(() => undefined);
      for (const part of [trace, context, propagation]) part.disable();
    },
  };
}
