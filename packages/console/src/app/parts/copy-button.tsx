import { useEffect, useState } from 'preact/hooks'

/** Milliseconds for which the button says that it copied. */
const confirmMs = 1_500

/** Button that copies a text. `of` names the text for readers who do not see it; `what` is shown behind "Copy". */
export function CopyButton({ text, of, what }: { text: string; of: string; what?: string }) {
  const [state, setState] = useState<'ready' | 'copied' | 'failed'>('ready')
  useEffect(() => {
    if (state === 'ready') return undefined
    const timer = setTimeout(() => setState('ready'), confirmMs)
    return () => clearTimeout(timer)
  }, [state])
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
      setState('copied')
    } catch {
      setState('failed')
    }
  }
  const verb = { ready: 'Copy', copied: 'Copied', failed: 'Not allowed' }[state]
  const label = what === undefined ? verb : `${verb} ${what}`
  return (
    <button type="button" class="copy" aria-label={`${label} ${of}`} onClick={() => void copy()}>
      {label}
    </button>
  )
}
