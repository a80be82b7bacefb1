import type { Approval, DecisionRequest } from '@codemode/shared'
import { useId, useState } from 'preact/hooks'

import { prettyValue } from '../../text/pretty-json.ts'
import { decide } from '../../api/approvals.ts'
import { ErrorNotice } from '../../parts/notice.tsx'
import { useAction } from '../../parts/use-action.ts'
import { parseExactly } from '../../text/exact-json.ts'
import { jsonProblem } from '../../text/json-problem.ts'

type Choice = 'approve' | 'edit' | 'reject' | 'respond'

const choices: Readonly<Record<Choice, { name: string; submit: string }>> = {
  approve: { name: 'Approve', submit: 'Approve' },
  edit: { name: 'Edit and approve', submit: 'Approve with this input' },
  reject: { name: 'Reject', submit: 'Reject' },
  respond: { name: 'Respond', submit: 'Send this answer' },
}

/** Form that decides about one tool call. The decision names the hash of the input that the person has seen. */
export function DecisionForm({
  approval,
  isLate,
  onDecided,
  onStale,
}: {
  approval: Approval
  /** True if the call does not wait any more. What was typed stays, and cannot be sent. */
  isLate: boolean
  onDecided: (decided: Approval) => void
  onStale: () => void
}) {
  const id = useId()
  const [choice, setChoice] = useState<Choice>('approve')
  const [input, setInput] = useState(() => prettyValue(approval.input))
  const [output, setOutput] = useState('null')
  const [reason, setReason] = useState('')
  const [ends, setEnds] = useState(false)
  const [note, setNote] = useState('')
  const problem = choice === 'edit' ? jsonProblem(input) : choice === 'respond' ? jsonProblem(output) : undefined

  const act = useAction(async () => {
    try {
      onDecided(await decide(approval, requestOf()))
    } catch (error) {
      // Another person was faster: the list is read again, and the error says what was decided.
      onStale()
      throw error
    }
  })

  function requestOf(): DecisionRequest {
    const { inputHash } = approval
    const noted = note.trim() === '' ? {} : { note: note.trim() }
    switch (choice) {
      case 'approve':
        return { decision: 'approve', inputHash, ...noted }
      case 'edit':
        return { decision: 'approve', inputHash, input: parseExactly(input) as never, ...noted }
      case 'reject':
        return { decision: 'reject', inputHash, reason: reason.trim(), ...(ends && { end: true }), ...noted }
      case 'respond':
        return { decision: 'respond', inputHash, output: parseExactly(output) as never, ...noted }
    }
  }

  return (
    <form
      class="form decision-form"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isLate && problem === undefined) void act.run()
      }}
    >
      <div class="segments" role="group" aria-label="Decision">
        {(Object.keys(choices) as Choice[]).map((one) => (
          <button type="button" key={one} aria-pressed={choice === one} onClick={() => setChoice(one)}>
            {choices[one].name}
          </button>
        ))}
      </div>
      {choice === 'edit' && (
        <Editor
          label="Input that the tool gets, as JSON"
          id={`${id}-input`}
          value={input}
          onInput={setInput}
          problem={problem}
        />
      )}
      {choice === 'respond' && (
        <Editor
          label="Answer that the code gets in place of the tool's, as JSON"
          id={`${id}-output`}
          value={output}
          onInput={setOutput}
          problem={problem}
        />
      )}
      {choice === 'reject' && (
        <>
          <label>
            Reason, which the code gets as the message of the error
            <input
              required
              maxLength={4_096}
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          </label>
          <label class="check">
            <input type="checkbox" checked={ends} onClick={(event) => setEnds(event.currentTarget.checked)} /> End the
            execution
          </label>
        </>
      )}
      <label>
        Note for others (optional)
        <textarea rows={1} maxLength={4_096} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
      </label>
      {act.error && <ErrorNotice error={act.error} />}
      {isLate && <p role="status">The call does not wait any more. What you typed was not sent.</p>}
      <button
        type="submit"
        class={choice === 'reject' ? 'danger' : 'primary'}
        disabled={isLate || act.isRunning || problem !== undefined}
      >
        {choices[choice].submit}
      </button>
    </form>
  )
}

function Editor({
  label,
  id,
  value,
  onInput,
  problem,
}: {
  label: string
  id: string
  value: string
  onInput: (value: string) => void
  problem: string | undefined
}) {
  return (
    <>
      <label>
        {label}
        <textarea
          class="editor"
          rows={6}
          spellcheck={false}
          value={value}
          aria-invalid={problem !== undefined}
          aria-describedby={`${id}-problem`}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
      </label>
      <p id={`${id}-problem`} class="problem" role="status">
        {problem}
      </p>
    </>
  )
}
