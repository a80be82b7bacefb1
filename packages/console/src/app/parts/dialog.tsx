import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/** Modal dialog. The browser traps the focus in it and returns it afterwards, and Escape closes it. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string
  onClose: () => void
  children: ComponentChildren
}) {
  const element = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = element.current!
    const focused = document.activeElement
    dialog.showModal()
    return () => {
      // A dialog that is removed while it is open does not return the focus.
      if (focused instanceof HTMLElement) focused.focus()
    }
  }, [])
  return (
    <dialog ref={element} aria-label={title} onClose={onClose}>
      <header>
        <h2>{title}</h2>
        <button type="button" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  )
}
