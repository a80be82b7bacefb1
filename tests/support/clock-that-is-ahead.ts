/** Returns the URL of a module that sets the clock of the process that loads it. */
export const clockThatIsAhead = (ms: number): string =>
  `data:text/javascript,${encodeURIComponent(`
    const Real = Date
    globalThis.Date = class Date extends Real {
      static now() { return Real.now() + ${ms} }
      constructor(...args) { super(...(args.length > 0 ? args : [Real.now() + ${ms}])) }
    }`)}`
