/** Error of a failed `listen`, with the address that was configured. */
type ListenError = Error & { readonly code: string; readonly address: string; readonly port?: number }

/** Option of a port, and texts that say what to do if it can't be used. */
interface PortOption {
  readonly variable: string
  readonly ifInUse: string
  readonly ifForbidden: string
}

const mainPort: PortOption = {
  variable: 'CODEMODE_PORT',
  ifInUse: 'Use another port, or 0 for a free one:\n  CODEMODE_PORT=0',
  ifForbidden: 'Use a higher port:\n  CODEMODE_PORT=8001',
}
/** Port of the metrics. */
export const metricsPortOption: PortOption = {
  variable: 'CODEMODE_METRICS_PORT',
  ifInUse: 'Use another port, or remove the option.',
  ifForbidden: 'Use a higher port:\n  CODEMODE_METRICS_PORT=9464',
}

const unresolved = ({ address, code }: ListenError): string =>
  `CODEMODE_HOST ${address} cannot be resolved to an address (${code}). Use an address of a local network interface:\n  CODEMODE_HOST=127.0.0.1`

const problems: Partial<Record<string, (error: ListenError, option: PortOption) => string>> = {
  EADDRINUSE: ({ address, port }, { variable, ifInUse }) => `${variable} ${port} is in use on ${address}. ${ifInUse}`,
  EADDRNOTAVAIL: ({ address }) =>
    `CODEMODE_HOST ${address} is not an address of a local network interface. Use one that is:\n  CODEMODE_HOST=127.0.0.1`,
  ENOTFOUND: unresolved,
  EAI_AGAIN: unresolved,
  EACCES: ({ port }, { variable, ifForbidden }) =>
    `${variable} ${port} requires privileges that this user does not have. ${ifForbidden}`,
}

/** Returns the text for an operator about a failed `listen`; undefined for any other error. */
export function describeListenProblem(error: Error, option: PortOption = mainPort): string | undefined {
  return 'code' in error && 'address' in error
    ? problems[String(error.code)]?.(error as ListenError, option)
    : undefined
}
