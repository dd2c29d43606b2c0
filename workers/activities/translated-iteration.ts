import type { IterationFile } from '../../infra/project-copies/contents.ts';
import { evaluationShape, snapshotShape } from '../../infra/project-copies/iteration-shapes.ts';
import { IdList } from '../../infra/storage/id-list.ts';
import type { Snapshot } from '../../schema/contracts/training.ts';
import { newId } from '../../schema/id.ts';
import { writeDetectionEvaluation } from '../ml/detection-evaluation/evaluation-file.ts';
import { readEvaluation, writeEvaluation, type Evaluation } from '../ml/evaluation-file.ts';
import { readModelPackage, writeModelPackage, type Model } from '../ml/model-package.ts';
import { checkUsable } from '../ml/usable-model.ts';

/** What the names of a copy are, by those of its source. */
export interface Translation {
  projectId: string;
  tagIds: Readonly<Record<string, string>>;
  /** By the hashes of their contents, which are the same on both sides. */
  imageIds: ReadonlyMap<string, string>;
}

export interface TranslatedIteration extends Record<IterationFile, Buffer> {
  kind: Model['kind'];
  snapshotImages: Buffer;
  tagIds: string[] | null;
}

/**
 * The files of an iteration with the ids of the copy in place of those of its source. What was deleted since the training,
 * and so is not in the copy, gets an id that names nothing.
 * @throws when a file is none that this version can read
 */
export async function translateIteration(
  files: Record<IterationFile, Buffer>,
  tagIds: string[] | null,
  { projectId, tagIds: ownTags, imageIds }: Translation,
): Promise<TranslatedIteration> {
  const snapshot: Snapshot = snapshotShape.parse(JSON.parse(files.snapshot.toString()));
  const model = readModelPackage(files.model);
  await checkUsable(model);
  const evaluation = evaluationShape.parse(readEvaluation(files.evaluation));
  const own = new Map(Object.entries(ownTags));
  for (const { id, sha256 } of snapshot.images) own.set(id, imageIds.get(sha256) ?? newId());
  const idOf = (id: string): string => {
    const known = own.get(id) ?? newId();
    own.set(id, known);
    return known;
  };
  const ownSnapshot = translateSnapshot(snapshot, projectId, idOf);
  return {
    kind: model.kind,
    snapshot: Buffer.from(JSON.stringify(ownSnapshot)),
    snapshotImages: IdList.of(ownSnapshot.images.map(({ id }) => id)).bytes,
    model: Buffer.from(writeModelPackage({ ...model, tags: translateTags(model.tags, idOf) })),
    evaluation: written({
      ...evaluation,
      tags: translateTags(evaluation.tags, idOf),
      imageIds: evaluation.imageIds.map(idOf),
    }),
    tagIds: tagIds?.map(idOf).sort() ?? null,
  };
}

type IdOf = (id: string) => string;

const translateTags = <T extends { id: string }>(tags: readonly T[], idOf: IdOf): T[] =>
  tags.map((tag) => ({ ...tag, id: idOf(tag.id) }));

function translateSnapshot(snapshot: Snapshot, projectId: string, idOf: IdOf): Snapshot {
  const tags = translateTags(snapshot.tags, idOf);
  const translated = <T extends { id: string }>(images: readonly T[]): T[] =>
    images.map((image) => ({ ...image, id: idOf(image.id), projectId })).sort((a, b) => (a.id < b.id ? -1 : 1));
  return snapshot.kind === 'DETECTION'
    ? { kind: snapshot.kind, tags, images: translated(snapshot.images) }
    : { kind: snapshot.kind, tags, images: translated(snapshot.images) };
}

const written = (evaluation: Evaluation): Buffer =>
  evaluation.kind === 'DETECTION' ? writeDetectionEvaluation(evaluation) : writeEvaluation(evaluation);
