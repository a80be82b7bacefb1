/**
 * Second entry point, `@codemode/shared/internal`: rules that the client and the executor share and that are no part of
 * the wire protocol. Other programs do not import it; its exports change without notice.
 */
export { FairQueue } from './fair-queue.ts'
export { nearestName } from './nearest-name.ts'
export { shortened, textHead, textTail } from './text-ends.ts'
