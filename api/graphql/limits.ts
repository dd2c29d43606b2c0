import { createRequire } from 'node:module';
import {
  getOperationAST,
  getVariableValues,
  GraphQLError,
  Kind,
  parse,
  validate,
  type ASTVisitor,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import type * as QueryComplexity from 'graphql-query-complexity';

// Its ES module build loads a second copy of graphql, which refuses our schema; the CommonJS build shares ours.
const { fieldExtensionsEstimator, getComplexity, simpleEstimator } = createRequire(import.meta.url)(
  'graphql-query-complexity',
) as typeof QueryComplexity;

/** What one GraphQL request may be at most. Far above what people write, far below what hurts. */
export const graphqlLimits = { tokens: 5000, depth: 12, aliases: 50, cost: 20_000, fields: 10_000 } as const;

const refusal = (code: string, message: string, details: object = {}): GraphQLError =>
  new GraphQLError(message, { extensions: { code, ...details, http: { status: 400 } } });

const tooMuch = (what: string, max: number, value: number): GraphQLError =>
  refusal('QUERY_TOO_LARGE', `The request has ${what} ${value}; the limit is ${max}.`, { max, value });

function depthOf(
  set: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  known: Map<string, number>,
): number {
  const depths = set.selections.map((selection): number => {
    if (selection.kind === Kind.FIELD)
      return selection.selectionSet ? 1 + depthOf(selection.selectionSet, fragments, known) : 1;
    if (selection.kind === Kind.INLINE_FRAGMENT) return depthOf(selection.selectionSet, fragments, known);
    return depthOfFragment(selection.name.value, fragments, known);
  });
  return Math.max(0, ...depths);
}

/** Each fragment is measured once; one that spreads itself counts as 0 here and is refused by another rule. */
function depthOfFragment(
  name: string,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  known: Map<string, number>,
): number {
  const depth = known.get(name);
  if (depth !== undefined) return depth;
  known.set(name, 0);
  const fragment = fragments.get(name);
  const measured = fragment ? depthOf(fragment.selectionSet, fragments, known) : 0;
  known.set(name, measured);
  return measured;
}

function depthLimit(context: ValidationContext): ASTVisitor {
  return {
    Document(document) {
      const fragments = new Map<string, FragmentDefinitionNode>();
      for (const node of document.definitions)
        if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
      const known = new Map<string, number>();
      for (const node of document.definitions) {
        if (node.kind !== Kind.OPERATION_DEFINITION || isIntrospection(node.selectionSet)) continue;
        const depth = depthOf(node.selectionSet, fragments, known);
        if (depth > graphqlLimits.depth) context.reportError(tooMuch('a depth of', graphqlLimits.depth, depth));
      }
    },
  };
}

/** The standard introspection query is deeper than any other, and bounded by the schema. */
const isIntrospection = (set: SelectionSetNode): boolean =>
  set.selections.every((selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__'));

function aliasLimit(context: ValidationContext): ASTVisitor {
  let aliases = 0;
  return {
    Field(node) {
      if (node.alias && ++aliases === graphqlLimits.aliases + 1)
        context.reportError(tooMuch('aliases:', graphqlLimits.aliases, aliases));
    },
  };
}

export const limitRules: readonly ValidationRule[] = [depthLimit, aliasLimit];

/** A list costs its page size times what is asked of each item; one without pages says on its field what it costs. */
const pageEstimator: QueryComplexity.ComplexityEstimator = ({ args, childComplexity }) => {
  const { first } = args as { first?: unknown };
  return typeof first === 'number' ? 1 + Math.max(1, first) * childComplexity : undefined;
};

/**
 * Roughly the number of values that the answer may have.
 * @throws GraphQLError when it cannot be told, since a request without a cost would have no limit
 */
export function costOf(
  schema: GraphQLSchema,
  query: DocumentNode,
  { variables = {}, operationName }: { variables?: Record<string, unknown>; operationName?: string },
): number {
  const operation = getOperationAST(query, operationName);
  // Execution refuses both right away, and says better what is wrong.
  if (!operation || getVariableValues(schema, operation.variableDefinitions ?? [], variables).errors) return 0;
  const estimators = [fieldExtensionsEstimator(), pageEstimator, simpleEstimator({ defaultComplexity: 1 })];
  const maxQueryNodes = graphqlLimits.fields;
  try {
    const asked = { variables, ...(operationName ? { operationName } : {}) };
    return getComplexity({ schema, query, estimators, maxQueryNodes, ...asked });
  } catch (error) {
    throw error instanceof GraphQLError ? notEstimated(error) : error;
  }
}

/** An argument that its field does not take names its place in the request; a request of too many fields names none. */
function notEstimated({ message, nodes }: GraphQLError): GraphQLError {
  if (nodes) return refusal('INVALID', message);
  const max = graphqlLimits.fields;
  const text = `The request has more than ${max} fields; those of a fragment count wherever it is used.`;
  return refusal('QUERY_TOO_LARGE', text, { max });
}

/** @throws GraphQLError when the request asks for too much */
export function checkCost(cost: number): void {
  if (cost > graphqlLimits.cost) throw tooMuch('a cost of', graphqlLimits.cost, cost);
}

/** Parses and checks a request that does not come through the HTTP server. */
export function checkedDocument(
  schema: GraphQLSchema,
  { query, variables, operationName }: { query: string; variables?: Record<string, unknown>; operationName?: string },
  rules: readonly ValidationRule[],
): { document: DocumentNode } | { errors: readonly GraphQLError[] } {
  try {
    const document = parse(query, { maxTokens: graphqlLimits.tokens });
    const errors = validate(schema, document, rules);
    if (errors.length > 0) return { errors };
    checkCost(
      costOf(schema, document, { ...(variables ? { variables } : {}), ...(operationName ? { operationName } : {}) }),
    );
    return { document };
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] };
    throw error;
  }
}
