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
    summary: 'Gives a token by which the project can be copied, here or at another server.',
    answer: projectExport,
    note: 'The token is good for three days. Iterations that are Completed are counted and copied; their publications are not.',
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
    summary: 'Makes a copy of a project by the token of its export.',
    query: z.object({ token: z.string(), name: z.string().optional() }),
    answer: projectModel,
    note: 'Tokens are those of Taglens servers; one of Azure’s names no address that could be asked. Images and iterations come after the answer: the status is Importing until all are here.',
    call: async (request) => {
      const { token, name = null } = request.query;
      return wireProject(request, await request.services.copies.import(request.caller, { token, name }));
    },
  }),
];
