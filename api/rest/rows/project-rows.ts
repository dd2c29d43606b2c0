import { z } from 'zod';
import { getDomain } from '../../features/domains/domains.ts';
import { checkNotificationUrl } from '../../features/notifications/notification.service.ts';
import type { Project } from '../../../schema/entities/project.entity.ts';
import type { ProjectStatus } from '../../../schema/enums.ts';
import { ClassificationType, ProjectKind } from '../../../schema/enums.ts';
import { row, type Row, type RowRequest } from '../row.ts';
import { allPages } from '../wire/all-pages.ts';
import { classificationTypes, exportPlatforms, projectChanges, projectModel } from '../wire/models.ts';
import { csv, uuid } from '../wire/query.ts';

type WireProject = z.input<typeof projectModel>;
type WireType = (typeof classificationTypes)[number];

const wireStatuses: Record<ProjectStatus, WireProject['status']> = {
  READY: 'Succeeded',
  IMPORTING: 'Importing',
  FAILED: 'Failed',
};
const mostPlatforms = exportPlatforms.length;
const about = { api: 'training', subject: 'Project' } as const;
/** As Azure tells them of a new project; programs read them, and send them back. */
const fixedSettings = {
  useNegativeSet: true,
  detectionParameters: null,
  imageProcessingSettings: {
    augmentationMethods: {
      rotation: true,
      scaling: true,
      translation: true,
      'horizontal flip': true,
      equalize: true,
      solarize: true,
      padtosquare: true,
    },
  },
} as const;
const createOptions = z
  .object({
    exportModelContainerUri: z.string().nullable().optional(),
    notificationQueueUri: z.string().nullable().optional(),
  })
  .meta({ id: 'CreateProjectOptions' });

export const projectRows: readonly Row[] = [
  row({
    ...about,
    operation: 'getProjects',
    method: 'GET',
    path: 'projects',
    summary: 'Every project that the key gives access to, newest first.',
    answer: z.array(projectModel),
    call: async (request) => {
      const projects = await allPages((page) => request.services.projects.list(request.caller, page));
      return Promise.all(projects.map((project) => wireProject(request, project)));
    },
  }),
  row({
    ...about,
    operation: 'createProject',
    method: 'POST',
    path: 'projects',
    summary: 'Creates a project.',
    query: z.object({
      name: z.string(),
      description: z.string().optional(),
      domainId: uuid().optional(),
      classificationType: z.enum(classificationTypes).optional(),
      targetExportPlatforms: csv(z.enum(exportPlatforms), mostPlatforms).optional(),
      notificationQueueUri: z.string().optional(),
    }),
    body: { kind: 'json', schema: createOptions, isOptional: true },
    answer: projectModel,
    note: 'Project names need not be unique. Default domain: General, for classification. Default classification type: Multilabel. The notification URL gets signed POST requests instead of messages in a queue. The container for exported models is ignored.',
    call: async (request) => {
      const { caller, services, query, body } = request;
      const { name, description = '', domainId = null, classificationType, targetExportPlatforms } = query;
      const kind = domainId === null ? ProjectKind.CLASSIFICATION : getDomain(domainId).kind;
      const type = kind === ProjectKind.CLASSIFICATION ? ourType(classificationType ?? 'Multilabel') : null;
      const facts = { name, description, kind, domainId, classificationType: type };
      const platforms = { exportPlatforms: targetExportPlatforms ?? null };
      const url = body?.notificationQueueUri ?? query.notificationQueueUri;
      // Before the project is made: a refused request must leave nothing behind.
      if (url) checkNotificationUrl('notificationQueueUri', url);
      const project = await services.projects.create(caller, { ...facts, ...platforms });
      if (!url) return wireProject(request, project);
      const told = await services.notifications.setUrl(caller, { projectId: project.id, url });
      return wireProject(request, told.project);
    },
  }),
  row({
    ...about,
    operation: 'getProject',
    method: 'GET',
    path: 'projects/{projectId}',
    summary: 'One project.',
    answer: projectModel,
    note: 'thumbnailUri shows the oldest image of the project; null when it has none.',
    call: async (request) =>
      wireProject(request, await request.services.projects.get(request.caller, 'read', request.path('projectId'))),
  }),
  row({
    ...about,
    operation: 'updateProject',
    method: 'PATCH',
    path: 'projects/{projectId}',
    summary: 'Changes a project; a whole one may be sent back.',
    body: { kind: 'json', schema: projectChanges, isOptional: false },
    answer: projectModel,
    note: 'Image processing settings are ignored: every training augments its images by its own recipe. useNegativeSet, detectionParameters and imageProcessingSettings always have the values of a new project of Azure.',
    call: async (request) => {
      const { name, description, settings } = request.body;
      const { domainId, classificationType, targetExportPlatforms } = settings ?? {};
      const changes = {
        id: request.path('projectId'),
        name: name ?? null,
        description: description ?? null,
        domainId: domainId?.toLowerCase() ?? null,
        classificationType: classificationType ? ourType(classificationType) : null,
        exportPlatforms: targetExportPlatforms ?? null,
      };
      return wireProject(request, await request.services.projects.update(request.caller, changes));
    },
  }),
  row({
    ...about,
    operation: 'deleteProject',
    method: 'DELETE',
    path: 'projects/{projectId}',
    summary: 'Deletes a project and everything in it. Refused while one of its models is published.',
    answer: null,
    call: ({ caller, services, path }) =>
      services.projects.delete(caller, path('projectId'), { isPublishedKept: true }),
  }),
];

function ourType(type: WireType): ClassificationType {
  return type === 'Multiclass' ? ClassificationType.MULTICLASS : ClassificationType.MULTILABEL;
}

export function wireType(type: ClassificationType | null): WireType | null {
  if (type === null) return null;
  return type === ClassificationType.MULTICLASS ? 'Multiclass' : 'Multilabel';
}

export async function wireProject(
  { loaders, services }: Pick<RowRequest, 'loaders' | 'services'>,
  project: Project,
): Promise<WireProject> {
  const { id, name, description, domainId, createdAt, updatedAt } = project;
  const known = new Set<string>(exportPlatforms);
  const platforms = (project.exportPlatforms ?? []).filter((platform) => known.has(platform));
  const picture = await loaders.firstImageOfProject.load(id);
  return {
    id,
    name,
    description,
    settings: {
      domainId,
      classificationType: wireType(project.classificationType),
      targetExportPlatforms: platforms as WireProject['settings']['targetExportPlatforms'],
      ...fixedSettings,
      notificationQueueUri: project.notificationUrl,
    },
    created: createdAt.toISOString(),
    lastModified: updatedAt.toISOString(),
    thumbnailUri: picture && services.imageFiles.urlOf(picture, 'thumbnail'),
    drModeEnabled: false,
    status: wireStatuses[project.status],
  };
}
