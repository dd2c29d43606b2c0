import { z } from 'zod';
import { row, type Row } from '../row.ts';
import { projectExport, projectModel } from '../wire/models.ts';
import { wireProject } from './project-rows.ts';

const about = { api: 'training', subject: 'Project' } as const;

export const copyRows: readonly Row[] = [
  row({
    ...about,
    operation: 'exportProject',
    method: 'GET',
    path: 'projects/{projectId}/export',
    since: 'v3.1',
    summary: 'Creates a token for copying the project, on this server or another one.',
    answer: projectExport,
    note: 'The token is valid for three days. Completed iterations are counted and copied; their publications are not.',
    call: async ({ caller, services, path }) => {
      const { estimatedImportMs, ...found } = await services.copies.createToken(caller, path('projectId'));
      const { token, imageCount, tagCount, regionCount, iterationCount } = found;
      return { iterationCount, imageCount, tagCount, regionCount, estimatedImportTimeInMS: estimatedImportMs, token };
    },
  }),
  row({
    ...about,
    operation: 'importProject',
    method: 'POST',
    path: 'projects/import',
    since: 'v3.1',
    summary: 'Copies a project with the token of its export.',
    query: z.object({ token: z.string(), name: z.string().optional() }),
    answer: projectModel,
    note: 'Only tokens of Taglens servers are accepted; one of Azure’s contains no URL to copy from. Images and iterations follow after the answer: the status is Importing until all are copied.',
    call: async (request) => {
      const { token, name = null } = request.query;
      return wireProject(request, await request.services.copies.import(request.caller, { token, name }));
    },
  }),
];
