import type { Database } from '../../../infra/database/database.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../../../infra/storage/storage.ts';
import type { RegionProposalFigure } from '../../../schema/contracts/prediction.ts';
import type { Image } from '../../../schema/entities/image.entity.ts';
import type { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { Project } from '../../../schema/entities/project.entity.ts';
import { ProjectKind } from '../../../schema/enums.ts';
import { iou } from '../../../workers/ml/detection/boxes.ts';
import { authorise, type Caller } from '../../access/access.ts';
import { DomainError, notFound } from '../../errors.ts';
import type { Gate } from '../../gate.ts';
import type { Predictor } from '../prediction/predictor.ts';
import type { TrainingService } from '../training/training.service.ts';
import type { RegionProposal } from './region-proposal.output.ts';

const mostProposals = 200;
/** Below it the boxes of a detector are mostly noise, and what stands out is the better guess. */
const leastProbability = 0.2;
/** Proposals that overlap more are one. */
const sameFrom = 0.5;

interface ProposalServiceDeps {
  database: Database;
  storage: Storage;
  training: Pick<TrainingService, 'findNewestModel'>;
  predictor: Pick<Predictor, 'predict' | 'propose'>;
  /** Leaves room for callers who wait for a prediction. */
  gate: Gate;
}

/** Boxes to click on instead of drawing them. */
export class ProposalService {
  constructor(private readonly deps: ProposalServiceDeps) {}

  /** What the newest detector of the project finds, and then what stands out; empty when nothing does. */
  async propose(caller: Caller, image: Image, first: number): Promise<RegionProposal[]> {
    authorise(caller, 'label', image.projectId);
    if (first < 1 || first > mostProposals) {
      const details = { field: 'first', min: 1, max: mostProposals, value: first };
      throw new DomainError('INVALID', `first must be 1 to ${mostProposals}; it is ${first}.`, details);
    }
    // Pictures are read when it is their turn, so that those that wait take no memory.
    return this.deps.gate.run(() => this.proposed(image, first));
  }

  private async proposed(image: Image, first: number): Promise<RegionProposal[]> {
    const bytes = await this.original(image);
    const iteration = await this.newestDetector(image.projectId);
    const found = iteration ? await this.detected(iteration, bytes) : [];
    if (found.length >= first) return found.slice(0, first);
    const distinct = await this.deps.predictor.propose(bytes);
    return [...found, ...distinct.map(publicProposal).filter((proposal) => !isAmong(proposal, found))].slice(0, first);
  }

  private original({ id, projectId }: Image): Promise<Buffer> {
    return this.deps.storage.get(keys.imageOriginal(projectId, id)).catch((error: unknown) => {
      throw error instanceof ObjectNotFound ? notFound('image', id) : error;
    });
  }

  private async newestDetector(projectId: string): Promise<Iteration | null> {
    const { manager } = this.deps.database.read;
    const project = await manager.findOneBy(Project, { id: projectId });
    if (project?.kind !== ProjectKind.DETECTION) return null;
    return this.deps.training.findNewestModel(projectId);
  }

  private async detected({ id: iterationId }: Iteration, bytes: Buffer): Promise<RegionProposal[]> {
    const { results } = await this.deps.predictor.predict({ iterationId, bytes, explain: false, suppression: null });
    const proposals: RegionProposal[] = [];
    for (const { box, probability: confidence } of results) {
      if (!box || confidence < leastProbability) continue;
      const proposal = { box, confidence, iterationId };
      // Two tags may have been seen in one place.
      if (!isAmong(proposal, proposals)) proposals.push(proposal);
    }
    return proposals;
  }
}

const isAmong = ({ box }: RegionProposal, others: readonly RegionProposal[]): boolean =>
  others.some((other) => iou(other.box, box) > sameFrom);

function publicProposal({ confidence, ...box }: RegionProposalFigure): RegionProposal {
  return { box, confidence, iterationId: null };
}
