import { expect, test } from 'vitest';
import { CliError, describeError } from '../../../cli/errors.ts';

const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {
  code: 'ECONNREFUSED',
  syscall: 'connect',
});
const denied = Object.assign(new Error('Access denied for user'), { code: 'ER_ACCESS_DENIED_ERROR', errno: 1045 });

test.each([refused, denied])(
  'a server that cannot be used is told without a stack, and who knows more: %s',
  (error) => {
    expect(describeError(error)).toBe(
      `taglens: ${error.message}\nA server named in the settings gave this answer; \`taglens doctor\` says which one and how to fix it.`,
    );
  },
);

test('only what nobody foresaw shows a stack', () => {
  expect(describeError(new CliError('Do that instead.'))).toBe('taglens: Do that instead.');
  expect(describeError(new TypeError('x is not a function'))).toContain('\n    at ');
});
