import { Dialog } from '../../parts/dialog.tsx'

/** Dialog before a retry of an execution that called tools: the new one calls them again. */
export function ConfirmRetryDialog({
  calls,
  onRetry,
  onClose,
}: {
  calls: number
  onRetry: () => void
  onClose: () => void
}) {
  return (
    <Dialog title="Retry" onClose={onClose}>
      <p>
        The code runs again from its beginning, as a new execution, with all its tool calls. This execution made{' '}
        {calls === 1 ? 'one' : calls.toLocaleString()}; what they did is not undone.
      </p>
      <footer>
        <button type="button" onClick={onClose}>
          Back
        </button>
        <button type="button" class="primary" onClick={onRetry}>
          Run it again
        </button>
      </footer>
    </Dialog>
  )
}
