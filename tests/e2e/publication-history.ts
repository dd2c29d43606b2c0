/** One call and what is known of it. `value` is a model, or null for «no model under this name». */
export interface Operation {
  kind: 'write' | 'read';
  value: string | null;
  /** Between these moments, of one clock, the operation took effect. */
  invokedAt: number;
  /** Infinity when no answer came: it may have taken effect at any time since. */
  answeredAt: number;
}

/**
 * Reads that nothing explains: no moment between question and answer at which the name can have had the value that was
 * read. A write explains a read when it may have taken effect before the answer, unless another write surely came after
 * it and before the question. Before all writes the name has no model.
 */
export function unexplainedReads(history: readonly Operation[]): Operation[] {
  const start: Operation = { kind: 'write', value: null, invokedAt: -Infinity, answeredAt: -Infinity };
  const writes = [start, ...history.filter(({ kind }) => kind === 'write')];
  const isReplaced = (write: Operation, beforeMs: number): boolean =>
    writes.some((later) => later.invokedAt > write.answeredAt && later.answeredAt < beforeMs);
  const explains = (write: Operation, read: Operation): boolean =>
    write.value === read.value && write.invokedAt < read.answeredAt && !isReplaced(write, read.invokedAt);
  return history.filter((read) => read.kind === 'read' && !writes.some((write) => explains(write, read)));
}
