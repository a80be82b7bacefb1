/** Maximum number of warnings of an execution; the same in the protocol. */
export const maxWarnings = 20
