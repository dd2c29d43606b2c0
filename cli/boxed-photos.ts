import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { renderSamples } from '../samples/render.ts';
import type { Box } from './demo-queries.ts';
import { CliError } from './errors.ts';

export interface BoxedPhoto {
  name: string;
  /** None: there is nothing of any tag in it. */
  boxes: ({ tag: string } & Box)[];
  /** Kept for measuring and predicting; never trained on. */
  isTest: boolean;
  read: () => Promise<Buffer>;
}

/** A photograph's boxes as they are sent with it. */
export function regionLabels({ boxes, isTest }: Pick<BoxedPhoto, 'boxes' | 'isTest'>, tagIds: Map<string, string>) {
  return { isTest, regions: boxes.map(({ tag, ...box }) => ({ tagId: tagIds.get(tag), ...box })) };
}

/** What is read of a COCO file; `split` is not COCO’s, but says which photographs are for testing where it is there. */
interface CocoFile {
  categories: { id: number; name: string }[];
  images: { id: number; file_name: string; width: number; height: number; split?: string }[];
  annotations: { image_id: number; category_id: number; bbox: [number, number, number, number]; iscrowd?: number }[];
}

type CocoImage = CocoFile['images'][number];
type CocoAnnotation = CocoFile['annotations'][number];

const heldBackEvery = 5;

/** A share of the photographs that no split tells apart. */
const isHeldBack = (index: number): boolean => index % heldBackEvery === heldBackEvery - 1;

/** Reads a file of boxes in COCO's form, and finds its photographs in `folder`, beside it or in `images` beside it. */
export async function readCoco(file: string, folder: string | null): Promise<BoxedPhoto[]> {
  const { categories, images, annotations } = await parseCoco(file);
  const tagOf = new Map(categories.map(({ id, name }) => [id, name]));
  const annotationsOf = new Map<number, CocoAnnotation[]>(images.map(({ id }) => [id, []]));
  // A crowd is one box round many things.
  for (const annotation of annotations)
    if (!annotation.iscrowd) annotationsOf.get(annotation.image_id)?.push(annotation);
  const hasSplit = images.some(({ split }) => split === 'test');
  const folders = folder === null ? [dirname(file), join(dirname(file), 'images')] : [folder];
  const photos = images.map(async (image, index): Promise<BoxedPhoto> => {
    const path = await findPhoto(folders, image.file_name);
    const boxes = (annotationsOf.get(image.id) ?? []).flatMap((annotation) => boxOf(annotation, image, tagOf) ?? []);
    const isTest = hasSplit ? image.split === 'test' : isHeldBack(index);
    return { name: basename(image.file_name), boxes, isTest, read: () => readFile(path) };
  });
  return Promise.all(photos);
}

async function parseCoco(file: string): Promise<CocoFile> {
  try {
    const parsed = JSON.parse(await readFile(file, 'utf8')) as Partial<CocoFile>;
    for (const list of ['categories', 'images', 'annotations'] as const)
      if (!Array.isArray(parsed[list])) throw new CliError(`the list ${list} is missing`);
    return parsed as CocoFile;
  } catch (error) {
    throw new CliError(`${file} is not a COCO file: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function findPhoto(folders: readonly string[], name: string): Promise<string> {
  for (const folder of folders) {
    const path = join(folder, name);
    if ((await stat(path).catch(() => null))?.isFile()) return path;
  }
  throw new CliError(`The image ${name} is not in ${folders.join(' or ')}; give its folder with --folder.`);
}

/** In fractions, cut at the edges of the photograph; null when nothing is left. */
function boxOf(
  { category_id: category, bbox: [x, y, boxWidth, boxHeight] }: CocoAnnotation,
  { file_name: name, width, height }: CocoImage,
  tagOf: ReadonlyMap<number, string>,
): BoxedPhoto['boxes'][number] | null {
  const tag = tagOf.get(category);
  if (tag === undefined) throw new CliError(`A box of ${name} has the category ${category}, which the file lacks.`);
  if (!(width > 0 && height > 0)) throw new CliError(`The image ${name} has no width and height in the file.`);
  const within = (value: number): number => Math.min(1, Math.max(0, value));
  const [left, top] = [within(x / width), within(y / height)];
  const box = {
    left,
    top,
    width: within((x + boxWidth) / width) - left,
    height: within((y + boxHeight) / height) - top,
  };
  return box.width > 0 && box.height > 0 ? { tag, ...box } : null;
}

/** Renders the sample road signs with their boxes into memory. */
export async function renderBoxedPhotos(perTag: number, onPhoto: (done: number) => void): Promise<BoxedPhoto[]> {
  const photos: BoxedPhoto[] = [];
  for await (const { name, boxes, jpeg } of renderSamples({ perTag })) {
    // The tags come in turn, so that whole rounds of them are held back.
    const isTest = isHeldBack(Math.floor(photos.length / 5));
    photos.push({ name, boxes, isTest, read: () => Promise.resolve(jpeg) });
    onPhoto(photos.length);
  }
  return photos;
}
