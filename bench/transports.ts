/** What a client is configured with for tool calls to come by either way. */
export const transports = { callback: { toolServer: { port: 0 } }, stream: {} } as const
