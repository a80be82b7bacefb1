const event = 'codemode-signed-out'

/** Reports that the executor refused a request because nobody is signed in. */
export function reportSignedOut(): void {
  dispatchEvent(new Event(event))
}

/** Calls a function when a request was refused because nobody is signed in. Returns a function that ends this. */
export function onSignedOut(listener: () => void): () => void {
  addEventListener(event, listener)
  return () => removeEventListener(event, listener)
}
