import { CliError } from '../errors.ts';
import type { AzureApi } from './azure-api.ts';
import type { AzureDomain, AzureImage, AzureProject, AzureTag } from './azure-models.ts';
import type { TagPair, TagPairs } from './labels.ts';
import type { Losses } from './losses.ts';
import type { Kind, NewProject, Target, TargetDomain, TargetTag } from './target.ts';

const longestDescription = 2000;

/** Ends the description of a project at the target, and so tells a later run which project to go on with. */
const markOf = ({ id }: AzureProject): string => `Imported from Azure Custom Vision: project ${id}`;

/** By id, or by a name that only one has. */
export function chooseProject(projects: readonly AzureProject[], wanted: string): AzureProject {
  const named = projects.filter(({ name }) => name === wanted);
  const found = projects.find(({ id }) => id === wanted.toLowerCase()) ?? named[0];
  if (named.length > 1) throw new CliError(`Several projects are named ${JSON.stringify(wanted)}; use an id instead.`);
  if (found) return found;
  const names = projects.map(({ id, name }) => `  ${id}  ${name}`);
  throw new CliError(
    [
      `There is no project ${JSON.stringify(wanted)}. The key gives access to:`,
      ...(names.length > 0 ? names : ['  none']),
    ].join('\n'),
  );
}

export interface Plan {
  projectId: string;
  kind: Kind;
  tags: TagPairs;
  /** The domain at both sides, in words. */
  domain: { source: string; target: string; description: string };
  isResumed: boolean;
}

/** Makes the project and its tags at the target, or finds those of an earlier run. */
export async function planProject(
  source: AzureApi,
  target: Target,
  project: AzureProject,
  images: readonly AzureImage[],
  losses: Losses,
): Promise<Plan> {
  const [sourceDomains, targetDomains] = await Promise.all([source.domains(), target.domains()]);
  const kind = kindOf(project, sourceDomains, targetDomains, images);
  const domain = matchDomain(project, kind, sourceDomains, targetDomains);
  const known = await target.findProject(markOf(project));
  const projectId = known?.id ?? (await target.createProject(newProject(project, kind, domain.id, images)));
  const tags = await matchTags(await source.tags(project.id), target, projectId, losses);
  noteSettings(project, kind, images, losses);
  const sourceName = sourceDomains.find(({ id }) => id === project.settings.domainId)?.name;
  const words = {
    source: sourceName ?? project.settings.domainId,
    target: domain.name,
    description: domain.description,
  };
  return { projectId, kind, tags, domain: words, isResumed: known !== null };
}

function kindOf(
  { settings }: AzureProject,
  sourceDomains: readonly AzureDomain[],
  targetDomains: readonly TargetDomain[],
  images: readonly AzureImage[],
): Kind {
  const type = sourceDomains.find(({ id }) => id === settings.domainId)?.type;
  if (type !== undefined) return type === 'ObjectDetection' ? 'DETECTION' : 'CLASSIFICATION';
  // A retired domain may be missing in the list.
  const known = targetDomains.find(({ id }) => id === settings.domainId)?.kind;
  return known ?? (images.some(({ regions }) => regions?.length) ? 'DETECTION' : 'CLASSIFICATION');
}

/** The same domain, or that of its kind and size for most pictures. */
function matchDomain(
  { settings: { domainId } }: AzureProject,
  kind: Kind,
  sourceDomains: readonly AzureDomain[],
  targetDomains: readonly TargetDomain[],
): TargetDomain {
  const ofKind = targetDomains.filter((domain) => domain.kind === kind);
  const isCompact = sourceDomains.find(({ id }) => id === domainId)?.name.includes('(compact)') ?? false;
  const general = isCompact ? 'General (compact)' : 'General';
  const found = ofKind.find(({ id }) => id === domainId) ?? ofKind.find(({ name }) => name === general);
  if (!found) throw new CliError(`The target has no domain ${general} for ${kind}.`);
  return found;
}

const hasSeveralTags = ({ tags }: AzureImage): boolean => (tags?.length ?? 0) > 1;

function newProject(project: AzureProject, kind: Kind, domainId: string, images: readonly AzureImage[]): NewProject {
  const isMulticlass = project.settings.classificationType === 'Multiclass' && !images.some(hasSeveralTags);
  const mark = markOf(project);
  const own = (project.description ?? '').trim().slice(0, longestDescription - mark.length - 2);
  return {
    name: project.name,
    description: own === '' ? mark : `${own}\n\n${mark}`,
    kind,
    classificationType: kind === 'DETECTION' ? null : isMulticlass ? 'MULTICLASS' : 'MULTILABEL',
    domainId,
  };
}

/** By the exact name, since names that differ by letter case are several; a tag that is left over may be called otherwise. */
async function matchTags(
  sourceTags: readonly AzureTag[],
  target: Target,
  projectId: string,
  losses: Losses,
): Promise<TagPairs> {
  const { tags } = await target.counts(projectId);
  const exact = new Map(tags.map((tag) => [tag.name, tag]));
  const names = new Set(sourceTags.map(({ name }) => name.trim()));
  const left = tags.filter((tag) => !names.has(tag.name));
  const pairs = new Map<string, TagPair>();
  for (const source of sourceTags) {
    const name = source.name.trim();
    const known = exact.get(name) ?? takeAlike(left, name);
    const type = source.type === 'Negative' ? 'NEGATIVE' : 'REGULAR';
    const description = source.description ?? '';
    pairs.set(source.id, {
      source,
      target: known ?? (await target.createTag({ projectId, name, description, type })),
    });
    if (source.type === 'GeneralProduct')
      losses.add(
        `The type GeneralProduct of the tag “${name}”`,
        'it became a regular tag: products are detected like anything else',
      );
  }
  return pairs;
}

/** Takes out what is called so, letter case aside: a tag stands for one of the source only. */
function takeAlike(left: TargetTag[], name: string): TargetTag | undefined {
  const at = left.findIndex((tag) => tag.name.toLowerCase() === name.toLowerCase());
  return at < 0 ? undefined : left.splice(at, 1)[0];
}

function noteSettings({ settings }: AzureProject, kind: Kind, images: readonly AzureImage[], losses: Losses): void {
  if (kind === 'CLASSIFICATION' && settings.classificationType === 'Multiclass' && images.some(hasSeveralTags))
    losses.add('Multiclass as classification type', 'some images have several tags, so the project became MULTILABEL');
  if (settings.targetExportPlatforms?.length)
    losses.add(
      `Export platforms ${settings.targetExportPlatforms.join(', ')}`,
      'here the platform is chosen when a model is exported',
    );
  if (settings.imageProcessingSettings?.augmentationMethods)
    losses.add('Image processing settings', 'every training augments its images by its own recipe');
  if (settings.exportModelContainerUri) losses.add('The container for exports', 'it is an Azure storage container');
  if (settings.notificationQueueUri) losses.add('The notification queue', 'it is an Azure queue');
}
