import type { AzureApi } from './azure-api.ts';
import { sourceIdOf, type Carried, type Wanted } from './carry.ts';
import { missingLabels, surplusTags, type TagPairs } from './labels.ts';
import type { Losses } from './losses.ts';
import { missingMetadata, type NamesOfImages } from './metadata.ts';
import { batchesOf, fetchPictures, inPairs, sha256 } from './pictures.ts';
import type { Labels, Target, TargetImage } from './target.ts';

const batchSize = 16;

export interface Difference {
  imageId: string;
  what: string;
}

export interface Sides {
  source: AzureApi;
  target: Target;
  sourceProjectId: string;
  targetProjectId: string;
  tags: TagPairs;
}

/** What was done before, with what the target refused, which is told as such. */
type Done = Pick<Carried, 'refused' | 'sourceSha256'> & { refusedMetadata: NamesOfImages };

/** Checks for every image that was not refused that both sides serve the same bytes and that it has its tags, boxes and metadata. */
export async function verifyImages(
  sides: Sides,
  wanted: readonly Wanted[],
  { refused, sourceSha256, refusedMetadata }: Done,
  losses: Losses,
  onProgress: (fraction: number) => void,
): Promise<{ same: number; differences: Difference[] }> {
  const isRefused = new Set(refused.map(({ imageId }) => imageId));
  const judged = wanted.filter(({ image }) => !isRefused.has(image.id));
  const differences = await readSourceHashes(sides, judged, sourceSha256, (share) => onProgress(share / 2));
  const unreadable = new Set(differences.map(({ imageId }) => imageId));
  const open = judged.filter(({ image }) => !unreadable.has(image.id));
  const judge = new Judge(open, sides.tags, { sourceSha256, refusedMetadata }, losses);
  let seen = 0;
  for await (const page of sides.target.images(sides.targetProjectId)) {
    await inPairs(batchesOf(page, batchSize), async (batch) => {
      await Promise.all(batch.map(async (image) => judge.see(image, sha256(await sides.target.picture(image)))));
      seen += batch.length;
      onProgress(0.5 + Math.min(0.5, seen / (2 * Math.max(1, judged.length))));
    });
  }
  differences.push(...judge.findings());
  return { same: judged.length - new Set(differences.map(({ imageId }) => imageId)).size, differences };
}

/** An earlier run may have carried an image: its bytes are read once more. */
async function readSourceHashes(
  { source, sourceProjectId }: Sides,
  judged: readonly Wanted[],
  known: Map<string, string>,
  onProgress: (fraction: number) => void,
): Promise<Difference[]> {
  const unread = judged.filter(({ image }) => !known.has(image.id)).map(({ image }) => image);
  const differences: Difference[] = [];
  let done = 0;
  await inPairs(batchesOf(unread, batchSize), async (batch) => {
    for (const fetched of await fetchPictures(source, sourceProjectId, batch)) {
      if ('reason' in fetched) differences.push({ imageId: fetched.image.id, what: fetched.reason });
      else known.set(fetched.image.id, sha256(fetched.bytes));
    }
    done += batch.length;
    onProgress(done / unread.length);
  });
  return differences;
}

/** Compares what the target has, image after image, with what it should have. */
class Judge {
  readonly #byId: ReadonlyMap<string, Wanted>;
  readonly #idsBySha256 = new Map<string, string[]>();
  /** What is wrong with an image; null when nothing is. The image of its own name decides, where there is one. */
  readonly #verdicts = new Map<string, string | null>();
  readonly #verdictsOfTwins = new Map<string, string | null>();
  /** Two values of one name have no room on the one image that is here. */
  readonly #undescribedTwins = new Set<string>();

  constructor(
    wanted: readonly Wanted[],
    private readonly tags: TagPairs,
    private readonly done: Omit<Done, 'refused'>,
    private readonly losses: Losses,
  ) {
    this.#byId = new Map(wanted.map((one) => [one.image.id, one]));
    for (const { image } of wanted) {
      const hash = done.sourceSha256.get(image.id) ?? '';
      this.#idsBySha256.set(hash, [...(this.#idsBySha256.get(hash) ?? []), image.id]);
    }
  }

  /** By its name it is one image of the source; by its content it may stand for others, which had the same picture. */
  see(image: TargetImage, servedSha256: string): void {
    const named = this.#byId.get(sourceIdOf(image));
    if (named)
      this.#verdicts.set(
        named.image.id,
        this.#compare(named, image, servedSha256) ?? this.#compareMetadata(named, image),
      );
    for (const id of this.#idsBySha256.get(servedSha256) ?? []) {
      const twin = this.#byId.get(id);
      if (!twin || twin === named) continue;
      this.#verdictsOfTwins.set(id, this.#compare(twin, image, servedSha256));
      if (missingMetadata(twin.image.metadata, image).length > 0) this.#undescribedTwins.add(id);
    }
  }

  findings(): Difference[] {
    const why = 'the source has the image several times; here it exists once, with the metadata of the first one';
    for (const id of this.#undescribedTwins)
      if (!this.#verdicts.has(id)) this.losses.add('Metadata of images', why, id);
    return [...this.#byId.keys()].flatMap((imageId) => {
      const seen = [this.#verdicts, this.#verdictsOfTwins].find((verdicts) => verdicts.has(imageId));
      const verdict = seen ? seen.get(imageId) : 'It is missing at the target.';
      return verdict ? [{ imageId, what: verdict }] : [];
    });
  }

  #compare({ image, labels }: Wanted, served: TargetImage, servedSha256: string): string | null {
    const expected = this.done.sourceSha256.get(image.id);
    if (expected !== servedSha256) return `Its bytes differ: SHA-256 ${expected} at the source, ${servedSha256} here.`;
    if (image.width === served.height && image.height === served.width && image.width !== image.height)
      this.losses.add(
        'Images that are rotated at the source',
        'here they are upright according to their EXIF orientation; check that their boxes fit',
        image.id,
      );
    const { tagIds, regions } = missingLabels(labels, served);
    if (tagIds.length > 0) return `It lacks ${tagIds.length} of its tags.`;
    if (regions.length > 0) return `It lacks ${regions.length} of its boxes.`;
    const surplus = surplusTags(this.#wantedOf(servedSha256), this.tags, served);
    return surplus.length > 0 ? `It has tags that it does not have at the source: ${surplus.join(', ')}.` : null;
  }

  /** Labels of all source images with this content, since it is stored once here. */
  #wantedOf(hash: string): Labels[] {
    return (this.#idsBySha256.get(hash) ?? []).flatMap((id) => this.#byId.get(id)?.labels ?? []);
  }

  #compareMetadata({ image }: Wanted, served: TargetImage): string | null {
    const refused = this.done.refusedMetadata.get(image.id);
    const missing = missingMetadata(image.metadata, served).filter(({ name }) => !refused?.has(name));
    const names = missing.map(({ name }) => JSON.stringify(name));
    return names.length > 0 ? `Its metadata ${names.join(', ')} is missing here or has another value.` : null;
  }
}
