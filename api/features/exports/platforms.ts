import type { ClassificationType } from '../../../schema/enums.ts';
import { ProjectKind } from '../../../schema/enums.ts';
import type { Model } from '../../../workers/ml/model-package.ts';
import { exporters } from '../../../workers/ml/exporters/registry.ts';
import { DomainError } from '../../errors.ts';
import type { Domain } from '../domains/domains.ts';
import type { ExportPlatform } from './export.input.ts';

const kindOf = (model: Model['kind']): ProjectKind =>
  model === 'DETECTION' ? ProjectKind.DETECTION : ProjectKind.CLASSIFICATION;

/** Every platform with a working exporter, once for each kind of project. */
export const exportPlatforms: readonly ExportPlatform[] = exporters.flatMap(
  ({ platform, description, flavors, modelKinds }) =>
    [...new Set(modelKinds.map(kindOf))].map((kind) => ({
      name: platform,
      description,
      kind,
      flavors: flavors.map((flavor) => ({ name: flavor.name, description: flavor.description })),
    })),
);

/** Whether any exporter writes models of this kind. */
export const isWritten = (kind: ProjectKind): boolean => exportPlatforms.some((platform) => platform.kind === kind);

/** Names of the platforms for models of a domain; none unless it is exportable. */
export function platformsOf({ isExportable, kind }: Pick<Domain, 'isExportable' | 'kind'>): string[] {
  return isExportable ? exportPlatforms.filter((platform) => platform.kind === kind).map(({ name }) => name) : [];
}

/** What a model of this kind would be written as; null for the kind of a classifier says «either». */
export interface ExportForm {
  platform: string;
  flavor: string | null;
}

/** The platform and flavor in our spelling. @throws DomainError for what nobody writes */
export function exportForm(
  kind: ProjectKind,
  classificationType: ClassificationType | null,
  asked: { platform: string; flavor?: string | null },
): ExportForm {
  const modelKind = classificationType ?? ('DETECTION' as const);
  const isSame = (a: string | null, b: string | null): boolean => a?.toLowerCase() === b?.toLowerCase();
  const wanted = asked.flavor || null;
  const able = exporters.filter(({ modelKinds }) => modelKinds.includes(modelKind));
  for (const { platform, flavors } of able) {
    const flavor = flavors.find(({ name }) => isSame(name, wanted));
    if (flavor && isSame(platform, asked.platform)) return { platform, flavor: flavor.name };
  }
  const names = able.flatMap(({ platform, flavors }) =>
    flavors.map(({ name }) => (name ? `${platform} ${name}` : platform)),
  );
  const form = JSON.stringify([asked.platform, wanted].filter(Boolean).join(' ').slice(0, 100));
  const offered = names.length > 0 ? `available: ${names.join(', ')}` : 'no exporter exists for it yet';
  const message = `A ${kind} model cannot be exported for ${form}; ${offered}.`;
  throw new DomainError('NOT_EXPORTABLE', message, { platform: asked.platform, flavor: wanted });
}
