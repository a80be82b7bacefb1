import type { Info } from '@codemode/shared'

/** Information about the executor that is the same for every key; the limits of the key are added. */
export type ExecutorInfo = Omit<Info, 'limits' | 'maxLimits'>
