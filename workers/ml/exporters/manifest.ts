import { createHash } from 'node:crypto';
import type { ModelTag } from '../package-header.ts';
import { exporterVersion } from './exporter-version.ts';

export interface ManifestFacts {
  domainType: 'Classification' | 'ObjectDetection';
  platform: string;
  flavor: string | null;
  iterationId: string;
  requestedAt: Date;
  modelFile: string;
  model: Uint8Array;
}

/** `cvexport.manifest` as Azure's exports have it: keys in their order, two blanks, CRLF, no end of line at the end. */
export function manifestFile(facts: ManifestFacts): Buffer {
  const manifest = {
    DomainType: facts.domainType,
    Platform: facts.platform,
    Flavor: facts.flavor,
    ExporterVersion: exporterVersion,
    // Seven decimals of a second.
    ExportedDate: facts.requestedAt.toISOString().replace('Z', '0000Z'),
    IterationId: facts.iterationId,
    ModelFileName: facts.modelFile,
    LabelFileName: 'labels.txt',
    MetadataPropsFileName: 'metadata_properties.json',
    ModelFileSHA1: createHash('sha1').update(facts.model).digest('hex'),
    SchemaVersion: '1.0',
  };
  return Buffer.from(JSON.stringify(manifest, null, 2).replaceAll('\n', '\r\n'));
}

/** One tag a line in the order of the output. A name is a line by itself, whatever is in it. */
export function labelsFile(tags: readonly ModelTag[]): Buffer {
  return Buffer.from(tags.map(({ name }) => `${name.replace(/[\r\n]+/g, ' ')}\n`).join(''));
}
