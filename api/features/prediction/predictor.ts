import { keys } from '../../../infra/storage/keys.ts';
import type { Storage } from '../../../infra/storage/storage.ts';
import type { Metrics } from '../../../infra/metrics.ts';
import { openBackbone, type Backbone } from '../../../workers/ml/backbones/backbone.ts';
import { backbones, type BackboneName } from '../../../workers/ml/backbones/registry.ts';
import { ImageRefusal, inspectHeader, type ImageLimits } from '../../../workers/ml/image.ts';
import { readModelPackage, type Model } from '../../../workers/ml/model-package.ts';
import { predictImage } from '../../../workers/ml/predictor.ts';
import type { PredictionResult } from '../../../schema/entities/prediction-result.ts';
import { DomainError } from '../../errors.ts';
import type { Gate } from '../../gate.ts';
import { SizedCache } from '../../sized-cache.ts';

export interface PredictorAnswer {
  results: PredictionResult[];
  /** Decoding and inference, without the time in the queue. */
  durationMs: number;
}

interface PredictorDeps {
  storage: Storage;
  gate: Gate;
  metrics: Pick<Metrics, 'predictions' | 'predictionSeconds'>;
  limits: ImageLimits;
  modelMemoryBytes: number;
}

/** Answers for every model: one session a backbone, shared, and small heads that come and go within a budget. */
export class Predictor {
  private readonly sessions = new Map<BackboneName, Promise<Backbone>>();
  private readonly models: SizedCache<Model>;

  constructor(private readonly deps: PredictorDeps) {
    this.models = new SizedCache(deps.modelMemoryBytes, ({ weights, bias }) => weights.byteLength + bias.byteLength);
  }

  /** @throws DomainError for a picture that is refused, or when too many wait */
  async predict(iterationId: string, bytes: Uint8Array, explain: boolean): Promise<PredictorAnswer> {
    const { gate, metrics } = this.deps;
    try {
      const answer = await gate.run(() => this.answer(iterationId, bytes, explain));
      metrics.predictions.inc({ outcome: 'answered' });
      metrics.predictionSeconds.observe(answer.durationMs / 1000);
      return answer;
    } catch (error) {
      metrics.predictions.inc({ outcome: error instanceof DomainError ? error.code.toLowerCase() : 'failed' });
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release();
  }

  private async answer(iterationId: string, bytes: Uint8Array, explain: boolean): Promise<PredictorAnswer> {
    const model = await this.models.get(iterationId, async () =>
      readModelPackage(await this.deps.storage.get(keys.model(iterationId))),
    );
    const backbone = await this.session(model.backbone);
    const startedMs = performance.now();
    const { results } = await this.look(() => predictImage(backbone, model, bytes, { explain }), bytes);
    return {
      results: results.map(({ tagIndex, probability, heatmapPng }) => ({
        tagId: model.tags[tagIndex]?.id ?? '',
        tagName: model.tags[tagIndex]?.name ?? '',
        probability,
        box: null,
        heatmap: heatmapPng ? `data:image/png;base64,${heatmapPng.toString('base64')}` : null,
      })),
      durationMs: performance.now() - startedMs,
    };
  }

  /** Sizes are checked before anything is decoded; damage is found by decoding. */
  private async look<T>(predict: () => Promise<T>, bytes: Uint8Array): Promise<T> {
    try {
      await inspectHeader(bytes, this.deps.limits);
      return await predict();
    } catch (error) {
      if (!(error instanceof ImageRefusal)) throw error;
      throw new DomainError('IMAGE_REFUSED', error.message, { ...error.details, reason: error.code });
    }
  }

  private session(name: BackboneName): Promise<Backbone> {
    const open = this.sessions.get(name) ?? openBackbone(backbones[name], { threads: 1 });
    this.sessions.set(name, open);
    return open;
  }
}
