import { env } from 'node:process'

/**
 * True if the executors of tests reuse isolates. With CODEMODE_TEST_REUSE_ISOLATES=off they don't, except those of tests that
 * set the option themselves.
 */
export const reuseIsolates = env['CODEMODE_TEST_REUSE_ISOLATES'] !== 'off'
