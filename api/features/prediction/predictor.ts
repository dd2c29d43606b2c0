import { OutageError } from '../../../infra/outage.ts';
import type { Metrics } from '../../../infra/metrics.ts';
import { traced } from '../../../infra/tracing.ts';
import type {
  PredictionOutcome,
  PredictionPort,
  PredictionTask,
  RegionProposalFigure,
  TagProbability,
} from '../../../schema/contracts/prediction.ts';
import type { PredictionResult } from '../../../schema/entities/prediction-result.ts';
import { DomainError, notFound } from '../../errors.ts';
import type { Gate } from '../../gate.ts';

type Refusal = Extract<PredictionOutcome, { status: 'REFUSED' }>;

export interface PredictorAnswer {
  results: PredictionResult[];
  /** 0 to 1. */
  uncertainty: number;
  /** Decoding and inference, without the time in the queue. */
  durationMs: number;
}

/** Asks for predictions, a bounded number at a time. */
export class Predictor {
  constructor(
    private readonly port: PredictionPort,
    private readonly gate: Gate,
    private readonly metrics: Pick<Metrics, 'predictions' | 'predictionSeconds' | 'modelLookups' | 'modelCacheBytes'>,
  ) {}

  /** @throws DomainError for a picture that is refused, a model that is gone, or when too many wait */
  async predict(task: PredictionTask): Promise<PredictorAnswer> {
    try {
      const attributes = { 'taglens.iteration_id': task.iterationId };
      const answer = await traced('predict', { attributes }, () => this.gate.run(() => this.ask(task)));
      this.metrics.predictions.inc({ outcome: 'answered' });
      this.metrics.predictionSeconds.observe(answer.durationMs / 1000);
      return answer;
    } catch (error) {
      this.metrics.predictions.inc({ outcome: error instanceof DomainError ? error.code.toLowerCase() : 'failed' });
      throw error;
    }
  }

  /** What stands out in a picture. @throws DomainError for a picture that is refused, or when too many wait */
  async propose(bytes: Uint8Array): Promise<RegionProposalFigure[]> {
    const outcome = await this.gate.run(() => this.port.propose(bytes));
    if (outcome.status === 'REFUSED') throw imageRefused(outcome);
    return outcome.proposals;
  }

  private async ask(task: PredictionTask): Promise<PredictorAnswer> {
    const outcome = await this.port.predict(task);
    if (outcome.status === 'NO_MODEL') throw notFound('model of iteration', task.iterationId);
    if (outcome.status === 'UNUSABLE_MODEL') throw new DomainError('MODEL_UNUSABLE', outcome.message);
    if (outcome.status === 'NO_STORAGE') throw new OutageError('storage');
    if (outcome.status === 'REFUSED') throw imageRefused(outcome);
    const { results, uncertainty, durationMs, models } = outcome;
    this.metrics.modelLookups.inc({ result: models.isHit ? 'hit' : 'miss' });
    this.metrics.modelCacheBytes.set({ thread: String(models.thread) }, models.usedBytes);
    return { results: results.map(publicResult), uncertainty, durationMs };
  }
}

export function imageRefused({ code, message, details }: Omit<Refusal, 'status'>): DomainError {
  return new DomainError('IMAGE_REFUSED', message, { ...details, reason: code });
}

function publicResult({ tagId, tagName, probability, box, heatmapPng }: TagProbability): PredictionResult {
  const heatmap = heatmapPng && `data:image/png;base64,${Buffer.from(heatmapPng).toString('base64')}`;
  return { tagId, tagName, probability, box, heatmap };
}
