// Which errors mean that the connection is gone: those of the server, of postgres.js, of pg and of the system.

import { expect, test } from 'vitest';
import { isConnectionLoss } from '../../sdk/connection-loss.js';

const error = (code: string | undefined, severity?: string) =>
  Object.assign(new Error('as a driver throws it'), { code, severity });

test.each([
  ['the server ends the session', error('57P01', 'FATAL')],
  ['the same, of a driver that names no severity', error('57P01')],
  ['the server stops', error('57P03')],
  ['a broken connection', error('08006', 'ERROR')],
  ['the same, without a severity', error('08006')],
  ['what cannot go on', error('XX000', 'PANIC')],
  ['postgres.js', error('CONNECTION_CLOSED')],
  ['the system', error('ECONNRESET')],
  ['TLS', error('ERR_SSL_WRONG_VERSION_NUMBER')],
])('%s', (_what, lost) => {
  expect(isConnectionLoss(lost)).toBe(true);
});

test.each([
  ['a refusal', error('DP007', 'ERROR')],
  ['a statement that was cancelled', error('57014', 'ERROR')],
  ['the same, without a severity', error('57014')],
  ['a duplicate', error('23505')],
  ['a wrong call of Node.js', error('ERR_INVALID_ARG_TYPE')],
  ['an error without a code', error(undefined)],
  ['what is no error', { code: '57P01' }],
])('but not %s', (_what, other) => {
  expect(isConnectionLoss(other)).toBe(false);
});
