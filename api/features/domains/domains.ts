import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { BackboneName } from '../../../workers/ml/backbones/registry.ts';
import { backbones } from '../../../workers/ml/backbones/registry.ts';
import { ProjectKind } from '../../../schema/enums.ts';
import { DomainError, notFound } from '../../errors.ts';
import { isWritten } from '../exports/platforms.ts';

@ObjectType({
  description: 'A kind of image, with the backbone and recipe that suit it. Ids are those of Azure Custom Vision.',
})
export class Domain {
  @Field(() => ID, { description: 'Identifier, the same in every installation.' })
  id: string;

  @Field(() => String, { description: 'Name.' })
  name: string;

  @Field(() => ProjectKind, { description: 'The kind of project that can use this domain.' })
  kind: ProjectKind;

  @Field(() => String, { description: 'What it is for, and what it actually uses on this server.' })
  description: string;

  @Field(() => String, { description: 'The network whose features its models use.' })
  backbone: BackboneName;

  @Field(() => Int, { description: 'Side of the square that images are resized to, in pixels.' })
  inputSize: number;

  @Field(() => Boolean, {
    description:
      'Whether its models can be exported for offline use: true for compact domains for which there is an exporter.',
  })
  isExportable: boolean;
}

const large = 'efficientnet-lite2';
const small = 'efficientnet-lite0';
const sameAsGeneral = 'Trained with the recipe of General: there is no dedicated backbone for this subject.';

const isExportable = (name: string, kind: ProjectKind): boolean => name.includes('(compact)') && isWritten(kind);

function classification(id: string, name: string, backbone: BackboneName, description: string): Domain {
  const { inputSize } = backbones[backbone];
  const kind = ProjectKind.CLASSIFICATION;
  return { id, name, kind, description, backbone, inputSize, isExportable: isExportable(name, kind) };
}

/** A detector learns on top of the small backbone, and sees more of a picture by a larger input. */
function detection(id: string, name: string, inputSize: number, description: string): Domain {
  const kind = ProjectKind.DETECTION;
  return { id, name, kind, description, backbone: small, inputSize, isExportable: isExportable(name, kind) };
}

/** Listed in Azure's order; Adult, withdrawn there in 2019, is left out. */
export const domains: readonly Domain[] = [
  classification(
    '2e37d7fb-3a54-486a-b4d6-cfc369af0018',
    'General [A2]',
    large,
    'For most images. Trained with the recipe of General.',
  ),
  classification(
    'a8e3c40f-fb4a-466f-832a-5e457ae4a344',
    'General [A1]',
    large,
    'For most images. Trained with the recipe of General.',
  ),
  classification(
    'ee85a74c-405e-4adc-bb47-ffa8ca0c9f31',
    'General',
    large,
    'For most images; the default: EfficientNet-Lite2 at 260 pixels.',
  ),
  classification('c151d5b5-dd07-472a-acc8-15d29dea8518', 'Food', large, `Dishes and groceries. ${sameAsGeneral}`),
  classification('ca455789-012d-4b50-9fec-5bb63841c793', 'Landmarks', large, `Buildings and places. ${sameAsGeneral}`),
  classification('b30a91ae-e3c1-4f73-a81e-c270bff27c39', 'Retail', large, `Catalogue images. ${sameAsGeneral}`),
  classification(
    'a1db07ca-a19a-4830-bae8-e004a42dc863',
    'General (compact) [S1]',
    large,
    'For most images, exportable: EfficientNet-Lite2 at 260 pixels.',
  ),
  classification(
    '0732100f-1a38-4e49-a514-c9b44c697ab5',
    'General (compact)',
    small,
    'For most images, exportable and fast: EfficientNet-Lite0 at 224 pixels.',
  ),
  classification(
    '8882951b-82cd-4c32-970b-d5f8cb8bf6d7',
    'Food (compact)',
    small,
    'Dishes and groceries, exportable. Trained with the recipe of General (compact).',
  ),
  classification(
    'b5cfd229-2ac7-4b2b-8d0a-2b0661344894',
    'Landmarks (compact)',
    small,
    'Buildings and places, exportable. Trained with the recipe of General (compact).',
  ),
  classification(
    '6b4faeda-8396-481b-9f8b-177b9fa3097f',
    'Retail (compact)',
    small,
    'Catalogue images, exportable. Trained with the recipe of General (compact).',
  ),
  detection(
    '9c616dff-2e7d-ea11-af59-1866da359ce6',
    'General [A1]',
    416,
    'For most images, at 416 pixels: finds smaller objects than General and takes longer.',
  ),
  detection(
    'da2e3a8a-40a5-4171-82f4-58522f70fbc1',
    'General',
    320,
    'For most images; the default: a detector on EfficientNet-Lite0 at 320 pixels.',
  ),
  detection(
    '1d8ffafe-ec40-4fb2-8f90-72b3b6cecea4',
    'Logo',
    416,
    'Brand marks. Trained with the recipe of General [A1].',
  ),
  detection(
    '3780a898-81c3-4516-81ae-3a139614e1f3',
    'Products on Shelves',
    512,
    'Many small objects side by side. Trained with the recipe of General, at 512 pixels.',
  ),
  detection(
    '7ec2ac80-887b-48a6-8df9-8b1357765430',
    'General (compact) [S1]',
    320,
    'For most images. Trained with the recipe of General; detectors cannot be exported yet.',
  ),
  detection(
    'a27d5ca5-bb19-49d8-a70a-fec086c47f5b',
    'General (compact)',
    320,
    'For most images. Trained with the recipe of General; detectors cannot be exported yet.',
  ),
];

/** General. */
const defaultDomainIds: Record<ProjectKind, string> = {
  [ProjectKind.CLASSIFICATION]: 'ee85a74c-405e-4adc-bb47-ffa8ca0c9f31',
  [ProjectKind.DETECTION]: 'da2e3a8a-40a5-4171-82f4-58522f70fbc1',
};

/** Null for one that only another version knows, which an iteration of a copied project may be of. */
export function findDomain(id: string): Domain | null {
  return domains.find((candidate) => candidate.id === id) ?? null;
}

/** @throws DomainError for an unknown id */
export function getDomain(id: string): Domain {
  const domain = findDomain(id);
  if (!domain) throw notFound('domain', id);
  return domain;
}

/** The domain for a project of this kind; General when none is named. @throws DomainError when it is one of the other kind */
export function domainFor(kind: ProjectKind, id: string | null = null): Domain {
  const domain = getDomain(id ?? defaultDomainIds[kind]);
  if (domain.kind === kind) return domain;
  const message = `domainId names ${JSON.stringify(domain.name)}, a domain for ${domain.kind}; the project is for ${kind}.`;
  throw new DomainError('INVALID', message, { field: 'domainId', kind, value: domain.id });
}
