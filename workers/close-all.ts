/** Closes what was opened, the last first. What cannot be closed is told, and keeps nothing else, and so no process, alive. */
export async function closeAll(closers: (() => Promise<void>)[], onError: (error: unknown) => void): Promise<void> {
  for (let close = closers.pop(); close; close = closers.pop()) await close().catch(onError);
}
