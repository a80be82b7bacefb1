import { CancelledError } from '../errors/cancelled-error.ts'

/** Ends a run as an execution ends that is cancelled by its id: with a result, where an aborted one is rejected. */
export class CancelledById extends CancelledError {
  constructor(reason = 'cancelled') {
    super(`The execution was cancelled: ${reason}`)
  }
}
