import { defaultRequestLimits } from '@codemode/shared'

import { variablesText } from './variables.ts'

/** Returns the text of `codemode --help`. */
export function helpText(): string {
  return `Usage: codemode run [OPTION...] [FILE]
       codemode mcp [OPTION...]
       codemode --help | --version

run  runs the code of a file, or of standard input, on an executor.
mcp  serves a Model Context Protocol server, by which an agent runs code.

"codemode run --help" and "codemode mcp --help" list the options.

${configurationText}
All variables; the file has the same options in camelCase:
${variablesText()}`
}

const configurationText = `Configuration: the file codemode.yaml of the working directory, if there is one, overridden by environment
variables. The least that is needed:
  CODEMODE_EXECUTOR_URL=http://127.0.0.1:8001
  CODEMODE_EXECUTOR_API_KEY=the key that the executor gave you
The code can call the tools of the module that CODEMODE_TOOLS_MODULE (toolsModule in the file) names.
`

/** Returns the text of `codemode run --help`. */
export function runHelpText(): string {
  return `Usage: codemode run [OPTION...] [FILE]

Runs the code of FILE, or of standard input if FILE is missing or "-", on the executor. On a terminal it prints the
value; otherwise one line of JSON: the result with value or error, logs, tool calls, warnings and usage.

  --config FILE          configuration file; codemode.yaml by default, if there is one
  --input JSON           value that the code reads as input; none by default
  --timeout MS           maximum wall time of the execution in milliseconds; ${defaultRequestLimits.executionTimeoutMs} by default
  --json, --no-json      whether the result is JSON; by default if standard output is no terminal
  --progress, --no-progress
                         whether tool calls and console output are shown on standard error while the code runs;
                         by default if standard error is a terminal

Exit codes:
  0  the code has a value
  1  the code failed: it threw, can't be parsed, or exceeded a limit
  2  the command line, the configuration or the file is wrong; nothing was run
  3  the code waits for an approval; the result has the id of the execution
  4  the executor was not reached, refused the request, or its answer did not arrive
  128 + n  the command was ended by signal n, which cancels the code: 130 after Ctrl+C

${configurationText}`
}

/** Returns the text of `codemode mcp --help`. */
export function mcpHelpText(): string {
  return `Usage: codemode mcp [OPTION...]

Serves an MCP server with the tools run_code, get_execution and resume_execution. Needs the package
@modelcontextprotocol/server. By default it speaks over standard input and output, and ends when its input ends. It
takes clients of the protocol versions 2025-11-25 and 2026-07-28.

  --config FILE          configuration file; codemode.yaml by default, if there is one
  --http PORT            listens for streamable HTTP on this port, at /mcp; 0 for a free one
  --host HOST            address to listen on; 127.0.0.1 by default
  --approvals KIND       result (default): a call that needs an approval is reported to the model, and a person decides
                         elsewhere; elicit: the user of an MCP client that offers it is asked, which needs an API key
                         with the right approve

With CODEMODE_MCP_TOKEN, HTTP requests must have the header "authorization: Bearer TOKEN". It is required if HOST is
no loopback address.

${configurationText}`
}
