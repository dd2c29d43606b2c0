import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { Kind, type OperationDefinitionNode } from 'graphql';

/** What is known of the request under way, for every line that it leaves in the log. Never a secret. */
export interface RequestNotes {
  requestId: string;
  keyId?: string | null;
  /** The GraphQL operation: its name, or the fields that it asks for. */
  operation?: string;
  projectId?: string;
  iterationId?: string;
}

/** The name that the client gave, or else the fields that it asks for. */
export function nameOfOperation({ name, selectionSet }: OperationDefinitionNode): string {
  const fields = selectionSet.selections.map((field) => (field.kind === Kind.FIELD ? field.name.value : '…'));
  return (name?.value ?? fields.join(' ')).slice(0, 100);
}

const current = new AsyncLocalStorage<RequestNotes>();

/** Ids that proxies give; anything else could forge lines of the log. */
const acceptable = /^[A-Za-z0-9._:-]{1,64}$/;

/** The id that the client or its proxy gave, or a new one. */
export function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && acceptable.test(given) ? given : randomUUID();
}

/** Runs `work` so that `note` and the log, whatever calls them, know which request it belongs to. */
export const withNotes = <T>(notes: RequestNotes, work: () => T): T => current.run(notes, work);

/** Adds to what is known of the request under way; outside of a request it does nothing. */
export function note(known: Partial<RequestNotes>): void {
  const notes = current.getStore();
  if (notes) Object.assign(notes, known);
}

export const currentNotes = (): RequestNotes | undefined => current.getStore();
