import { In, LessThan, MoreThan, type EntityManager } from 'typeorm';
import type { Limits } from '../../../infra/config.ts';
import type { Database } from '../../../infra/database/database.ts';
import { keys } from '../../../infra/storage/keys.ts';
import { ObjectNotFound, type Storage } from '../../../infra/storage/storage.ts';
import { Image } from '../../../schema/entities/image.entity.ts';
import { Iteration } from '../../../schema/entities/iteration.entity.ts';
import { SuggestedTag } from '../../../schema/entities/suggested-tag.entity.ts';
import { Suggestion } from '../../../schema/entities/suggestion.entity.ts';
import { ProjectKind } from '../../../schema/enums.ts';
import { newId } from '../../../schema/id.ts';
import type { Caller } from '../../access/access.ts';
import type { Page } from '../../connection.ts';
import { DomainError, notFound } from '../../errors.ts';
import type { Gate } from '../../gate.ts';
import { lockProject } from '../../project-lock.ts';
import { checkCount, checkFraction } from '../../input-checks.ts';
import type { ImageService } from '../images/image.service.ts';
import { fittingResults } from '../prediction/stored-results.ts';
import type { Predictor } from '../prediction/predictor.ts';
import type { RegionService } from '../regions/region.service.ts';
import { checkTrained, type TrainingService } from '../training/training.service.ts';
import { acceptAll, acceptedBoxes, attachAccepted } from './acceptance.ts';
import { forgetSome, forgetSuggestions } from '../../../infra/database/stale-suggestions.ts';
import { countSuggestedTags, listSuggestions } from './suggestion-list.ts';
import {
  leastSuggested,
  type AcceptSuggestionsInput,
  type SuggestedTagCount,
  type SuggestionFilterInput,
  type SuggestionListArgs,
  type SuggestTagsInput,
} from './suggestion.input.ts';

const lifetimeMs = 30 * 86_400_000;
/** Images in one call: when a storage has lost its originals, the caller is to hear of it in time. */
const mostPassedOver = 1000;

interface SuggestionServiceDeps {
  database: Database;
  storage: Storage;
  images: ImageService;
  regions: RegionService;
  training: TrainingService;
  predictor: Pick<Predictor, 'predict'>;
  /** Leaves room for callers who wait for a prediction. */
  gate: Gate;
  limits: Limits;
}

/** What models would put on images that nobody has tagged yet. */
export class SuggestionService {
  constructor(private readonly deps: SuggestionServiceDeps) {}

  /** In the order asked. Suggestions for images that have tags, perhaps since a moment ago, are answered and not kept. */
  async suggest(caller: Caller, input: SuggestTagsInput): Promise<Suggestion[]> {
    const iteration = await this.deps.training.get(caller, 'label', input.iterationId);
    checkTrained(iteration);
    const suggestions = input.imageIds
      ? await this.askNamed(caller, iteration, input.imageIds)
      : await this.askNext(iteration, checkedFirst(input.first, this.deps.limits.batchSize));
    await this.keep(iteration, suggestions);
    return suggestions;
  }

  async list(caller: Caller, iterationId: string, args: SuggestionListArgs): Promise<Page<Suggestion>> {
    const { id } = await this.deps.training.get(caller, 'read', iterationId);
    return listSuggestions(this.deps.database, id, args);
  }

  async countByTag(
    caller: Caller,
    iterationId: string,
    filter?: SuggestionFilterInput | null,
  ): Promise<SuggestedTagCount[]> {
    const iteration = await this.deps.training.get(caller, 'read', iterationId);
    return countSuggestedTags(this.deps.database, iteration, filter);
  }

  /** Tags the images, or draws the boxes, all or none. An image of which nothing is sure enough stays as it is. */
  async accept(caller: Caller, input: AcceptSuggestionsInput): Promise<Image[]> {
    const { database, images, regions, limits } = this.deps;
    checkCount('suggestionIds', input.suggestionIds, limits.batchSize);
    checkCount('tagIds', input.tagIds ?? [], limits.tagsPerProject, 0);
    checkFraction('threshold', input.threshold);
    const known = await getSuggestions(database.read.manager, input.suggestionIds);
    const imageIds = [...new Set(known.map(({ imageId }) => imageId))];
    return images.change(caller, imageIds, async (under) => {
      // Once more: somebody may have tagged the images meanwhile.
      const suggestions = await getSuggestions(under.manager, input.suggestionIds);
      const accepted = await acceptAll(under, suggestions, input);
      if (under.project.kind === ProjectKind.DETECTION) await regions.draw(under, acceptedBoxes(accepted));
      else await attachAccepted(under, accepted, limits);
      const labelled = new Set(accepted.map(({ imageId }) => imageId));
      return under.images.filter(({ id }) => labelled.has(id));
    });
  }

  /** Deletes what is past its time. */
  async expire(): Promise<void> {
    const where = { expiresAt: LessThan(new Date()) };
    while ((await this.deps.database.transact((manager) => forgetSome(manager, where))) > 0);
  }

  private async askNamed(caller: Caller, iteration: Iteration, imageIds: string[]): Promise<Suggestion[]> {
    const { database, images } = this.deps;
    const named = await images.getSome(database.read.manager, caller, imageIds);
    const [{ id, projectId }] = named;
    if (projectId !== iteration.projectId) throw notFound('image of the project of the iteration', id);
    return Promise.all(named.map((image) => this.askInTurn(iteration, image)));
  }

  /** Images that cannot be predicted get no suggestion, so that they would come first in every call: others take their place. */
  private async askNext(iteration: Iteration, first: number): Promise<Suggestion[]> {
    const { manager } = this.deps.database.read;
    const suggestions: Suggestion[] = [];
    const refusals: DomainError[] = [];
    let after = '';
    while (suggestions.length < first && refusals.length <= mostPassedOver) {
      const images = await nextImages(manager, iteration, first - suggestions.length, after);
      const last = images.at(-1);
      if (!last) return suggestions;
      after = last.id;
      const answers = await Promise.all(images.map((image) => this.askInTurn(iteration, image).catch(refusalOfImage)));
      for (const answer of answers)
        if (answer instanceof DomainError) refusals.push(answer);
        else suggestions.push(answer);
    }
    const [refusal] = refusals;
    if (suggestions.length === 0 && refusal) throw refusal;
    return suggestions;
  }

  private askInTurn(iteration: Iteration, image: Image): Promise<Suggestion> {
    return this.deps.gate.run(() => this.ask(iteration, image));
  }

  private async ask({ id: iterationId, projectId }: Iteration, { id: imageId }: Image): Promise<Suggestion> {
    const bytes = await this.deps.storage.get(keys.imageOriginal(projectId, imageId)).catch((error: unknown) => {
      throw error instanceof ObjectNotFound ? notFound('image', imageId) : error;
    });
    const task = { iterationId, bytes, explain: false, suppression: null };
    const { results, uncertainty } = await this.deps.predictor.predict(task);
    const createdAt = new Date();
    const expiresAt = new Date(createdAt.getTime() + lifetimeMs);
    return { id: newId(), projectId, iterationId, imageId, results, uncertainty, createdAt, expiresAt };
  }

  private keep({ id: iterationId, projectId }: Iteration, suggestions: readonly Suggestion[]): Promise<void> {
    return this.deps.database.transact(async (manager) => {
      await lockProject(manager, projectId);
      if (!(await manager.existsBy(Iteration, { id: iterationId }))) throw notFound('iteration', iterationId);
      const asked = In(suggestions.map(({ imageId }) => imageId));
      const untagged = await manager.find(Image, { where: { id: asked, isTagged: false }, select: { id: true } });
      const kept = suggestions.filter(({ imageId }) => untagged.some(({ id }) => id === imageId));
      await forgetSuggestions(manager, { iterationId, imageId: asked });
      for (const suggestion of kept) await insertSuggestion(manager, suggestion);
    });
  }
}

/** What is wrong with the image alone. @throws what would be so for every other one, such as a model that is gone */
function refusalOfImage(error: unknown): DomainError {
  if (error instanceof DomainError) {
    const { code, details } = error;
    if (code === 'IMAGE_REFUSED' || (code === 'NOT_FOUND' && details['what'] === 'image')) return error;
  }
  throw error;
}

/** Untagged images after that one without a suggestion of the iteration, oldest first. */
function nextImages(
  manager: EntityManager,
  { id, projectId }: Iteration,
  first: number,
  after: string,
): Promise<Image[]> {
  const query = manager.createQueryBuilder(Image, 'image');
  query.where({ projectId, isTagged: false, id: MoreThan(after) });
  const own = query.subQuery().select('1').from(Suggestion, 'own');
  own.where('own.imageId = image.id AND own.iterationId = :iterationId');
  query.andWhere(`NOT EXISTS ${own.getQuery()}`, { iterationId: id });
  return query.orderBy('image.id', 'ASC').limit(first).getMany();
}

function checkedFirst(first: number, max: number): number {
  if (first >= 1 && first <= max) return first;
  const message = `first must be 1 to ${max}; it is ${first}.`;
  throw new DomainError('INVALID', message, { field: 'first', min: 1, max, value: first });
}

async function insertSuggestion(manager: EntityManager, suggestion: Suggestion): Promise<void> {
  const { id: suggestionId, iterationId, results } = suggestion;
  await manager.insert(Suggestion, { ...suggestion, results: fittingResults(results) });
  const best = new Map<string, number>();
  for (const { tagId, probability } of results)
    if (probability >= leastSuggested) best.set(tagId, Math.max(probability, best.get(tagId) ?? 0));
  const rows = [...best].map(([tagId, probability]) => ({ suggestionId, tagId, iterationId, probability }));
  if (rows.length > 0) await manager.insert(SuggestedTag, rows);
}

/** In the order asked. @throws DomainError when one is gone */
async function getSuggestions(manager: EntityManager, ids: readonly string[]): Promise<Suggestion[]> {
  const found = await manager.findBy(Suggestion, { id: In([...ids]) });
  return [...new Set(ids)].map((id) => {
    const suggestion = found.find((row) => row.id === id);
    if (!suggestion) throw notFound('suggestion', id);
    return suggestion;
  });
}
