import { CancelledError } from '../errors/cancelled-error.ts'

/**
 * Reason that ends a run as cancelling an execution by its id does: with a result. An aborted run is rejected instead.
 */
export class CancelledById extends CancelledError {
  constructor(reason = 'cancelled') {
    super(`The execution was cancelled: ${reason}`)
  }
}
