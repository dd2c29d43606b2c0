import { Answer } from '../row.ts';

/** Says what became of each entry; 207 unless all of them are well. */
export function batchAnswer(images: readonly { status: string }[]): Answer {
  const isBatchSuccessful = images.every(({ status }) => status === 'OK');
  return new Answer(isBatchSuccessful ? 200 : 207, { isBatchSuccessful, images });
}
