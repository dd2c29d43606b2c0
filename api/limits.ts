import { createRequire } from 'node:module';
import {
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
export const graphqlLimits = { tokens: 5000, depth: 12, aliases: 50, cost: 20_000 } as const;

const tooMuch = (what: string, max: number, value: number): GraphQLError =>
  new GraphQLError(`The request has ${what} ${value}; the limit is ${max}.`, {
    extensions: { code: 'QUERY_TOO_LARGE', max, value, http: { status: 400 } },
  });

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

/** Roughly the number of values that the answer may have. */
export function costOf(
  schema: GraphQLSchema,
  query: DocumentNode,
  request: { variables?: Record<string, unknown>; operationName?: string },
): number {
  const estimators = [fieldExtensionsEstimator(), pageEstimator, simpleEstimator({ defaultComplexity: 1 })];
  try {
    return getComplexity({ schema, query, estimators, ...request });
  } catch (error) {
    // Variables of the wrong type: execution refuses them right away, and says so better.
    if (error instanceof GraphQLError) return 0;
    throw error;
  }
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
