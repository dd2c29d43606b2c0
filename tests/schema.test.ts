import type { getNamedType } from 'graphql';
import { isEnumType, isInputObjectType, isInterfaceType, isObjectType, type GraphQLSchema } from 'graphql';
import { beforeAll, expect, test } from 'vitest';
import { updateGenerated } from '../api/generated.ts';
import { buildGraphqlSchema } from '../api/schema.ts';

let schema: GraphQLSchema;

beforeAll(async () => {
  schema = await buildGraphqlSchema();
});

interface Named {
  path: string;
  description: string | null | undefined;
}

/** Every type, field, argument, input field and enum value of ours. */
function everything(): Named[] {
  return Object.values(schema.getTypeMap())
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) => [{ path: type.name, description: type.description }, ...membersOf(type)]);
}

function membersOf(type: ReturnType<typeof getNamedType>): Named[] {
  if (isEnumType(type)) return type.getValues().map((value) => ({ path: `${type.name}.${value.name}`, ...value }));
  if (isInputObjectType(type))
    return Object.values(type.getFields()).map((field) => ({
      path: `${type.name}.${field.name}`,
      description: field.description,
    }));
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) => [
    { path: `${type.name}.${field.name}`, description: field.description },
    ...field.args.map((arg) => ({ path: `${type.name}.${field.name}(${arg.name})`, description: arg.description })),
  ]);
}

test('what is generated from the code is fresh', async () => {
  expect(await updateGenerated({ check: true }), 'run `npm run schema`').toEqual([]);
});

test('everything has a description', () => {
  const roots = new Set(['Query', 'Mutation', 'Subscription']);
  const bare = everything().filter(({ path, description }) => !description && !roots.has(path));
  expect(bare.map(({ path }) => path)).toEqual([]);
});

/** What hands out a secret once, and what passes on the right to copy a project. */
const secretByIntent = [
  'ImportProjectInput.token',
  'Mutation.createCopyToken',
  'Mutation.createCopyToken(projectId)',
  'NewApiKey.secret',
  'NewNotificationAddress.secret',
  'ProjectCopyToken.token',
];

test('no public field smells of a secret, but those that are meant to be handed out', () => {
  const smelly = everything().filter(({ path }) => /\.\w*(secret|digest|password|token|hash)\w*/i.test(path));
  expect(smelly.map(({ path }) => path).sort()).toEqual(secretByIntent);
});
