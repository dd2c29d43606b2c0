import { z } from 'zod';
import type { Export } from '../../../schema/entities/export.entity.ts';
import { ExportStatus } from '../../../schema/enums.ts';
import { row, type Row, type RowRequest } from '../row.ts';
import { exportModel } from '../wire/models.ts';
import { iterationOf } from './iteration-rows.ts';

type WireExport = z.input<typeof exportModel>;

const about = { api: 'training', subject: 'Export' } as const;
const exportsOfOne = 'projects/{projectId}/iterations/{iterationId}/export';

export const exportRows: readonly Row[] = [
  row({
    ...about,
    operation: 'getArtifact',
    method: 'GET',
    path: 'projects/{projectId}/artifacts',
    since: 'v3.1',
    summary: 'A file of a project, unchanged.',
    query: z.object({ path: z.string() }),
    answer: 'binary',
    note: 'The artifacts of a project are the archives of its exports, at the path `exports/{exportId}/model.zip`; a downloadUri makes this operation unnecessary.',
    call: async ({ caller, services, path, query }) => {
      const { stream } = await services.exports.artifact(caller, path('projectId'), query.path);
      return stream;
    },
  }),
  row({
    ...about,
    operation: 'getExports',
    method: 'GET',
    path: exportsOfOne,
    summary: 'Every export of an iteration.',
    answer: z.array(exportModel),
    note: 'downloadUri is valid for a day and needs no key; each answer has a new one. It is null until the status is Done.',
    call: async (request) => {
      const rows = await request.services.exports.list(await iterationOf(request));
      return rows.map((each) => wireExport(request, each));
    },
  }),
  row({
    ...about,
    operation: 'exportIteration',
    method: 'POST',
    path: exportsOfOne,
    summary: 'Starts the export of the model of an iteration.',
    query: z.object({ platform: z.string(), flavor: z.string().optional() }),
    answer: exportModel,
    note:
      'Classifiers of compact domains, for ONNX: without a flavor, ONNX12 or OnnxFloat16. Other platforms and flavors, and models of other domains, are refused with BadRequestExportValidationFailed. ' +
      'Each platform and flavor is exported once; a request for an existing export is refused in the same way, for one in progress with BadRequestExportAlreadyInProgress. A failed export is replaced.',
    call: async (request) => {
      const { id: iterationId } = await iterationOf(request);
      const { platform, flavor = null } = request.query;
      return wireExport(
        request,
        await request.services.exports.export(request.caller, { iterationId, platform, flavor }),
      );
    },
  }),
];

const statuses: Record<ExportStatus, WireExport['status']> = {
  [ExportStatus.EXPORTING]: 'Exporting',
  [ExportStatus.DONE]: 'Done',
  [ExportStatus.FAILED]: 'Failed',
};

function wireExport({ services }: Pick<RowRequest, 'services'>, made: Export): WireExport {
  const { platform, flavor, status } = made;
  const downloadUri = services.exports.urlOf(made);
  const newerVersionAvailable = services.exports.isOutdated(made);
  return { platform, status: statuses[status], downloadUri, flavor, newerVersionAvailable };
}
