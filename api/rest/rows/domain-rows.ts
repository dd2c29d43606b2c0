import { z } from 'zod';
import { domains, getDomain, type Domain } from '../../features/domains/domains.ts';
import { platformsOf } from '../../features/exports/platforms.ts';
import { ProjectKind } from '../../../schema/enums.ts';
import { row, type Row } from '../row.ts';
import { domainModel } from '../wire/models.ts';

type WireDomain = z.input<typeof domainModel>;

export const domainRows: readonly Row[] = [
  row({
    operation: 'getDomains',
    api: 'training',
    method: 'GET',
    path: 'domains',
    subject: 'Domain',
    summary: 'Every domain, in Azure’s order.',
    answer: z.array(domainModel),
    note: 'Adult, withdrawn by Azure in 2019, is omitted. The description of each domain says which network it uses here.',
    call: () => Promise.resolve(domains.map(wireDomain)),
  }),
  row({
    operation: 'getDomain',
    api: 'training',
    method: 'GET',
    path: 'domains/{domainId}',
    subject: 'Domain',
    summary: 'One domain.',
    answer: domainModel,
    call: ({ path }) => Promise.resolve(wireDomain(getDomain(path('domainId')))),
  }),
];

function wireDomain(domain: Domain): WireDomain {
  const { id, name, kind, isExportable, description } = domain;
  return {
    id,
    name,
    type: kind === ProjectKind.DETECTION ? 'ObjectDetection' : 'Classification',
    exportable: isExportable,
    enabled: true,
    exportablePlatforms: platformsOf(domain),
    modelInformation: { description },
  };
}
