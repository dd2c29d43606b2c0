import Libsql from 'libsql';

type Statement = ReturnType<Libsql.Database['prepare']>;

/**
 * libsql made to fit what TypeORM expects of better-sqlite3: a lone `null` or Buffer parameter would be taken
 * for an object of named parameters, so parameters always go in as one array.
 */
export class ReadingLibsql extends Libsql {
  override prepare = ((source: string) => withArrayParameters(super.prepare(source))) as Libsql.Database['prepare'];
}

/** TypeORM says BEGIN TRANSACTION (deferred); taking the write lock at once means «busy» can only happen there. */
export class WritingLibsql extends Libsql {
  override prepare = ((source: string) =>
    withArrayParameters(
      super.prepare(source === 'BEGIN TRANSACTION' ? 'BEGIN IMMEDIATE' : source),
    )) as Libsql.Database['prepare'];
}

function withArrayParameters(statement: Statement): Statement {
  const run = statement.run.bind(statement);
  const all = statement.all.bind(statement);
  statement.run = (...parameters: unknown[]) => run(parameters);
  statement.all = (...parameters: unknown[]) => all(parameters);
  return statement;
}
