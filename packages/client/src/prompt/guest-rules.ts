/** Rules of the guest for a model, as in docs/guest.md; a test compares the two. */
export const guestRules = `You write a JavaScript or TypeScript program. It runs in a sandbox without network, files, modules or npm packages.
- Types are ignored. enum, namespace, decorators, parameter properties and JSX do not work.
- Call a tool with one object: await tools.name({ field: value }). tools has all of them; there is nothing else to call.
- Many tools? await tools.$search('words', { limit: 5 }) finds some, $describe(name) returns the types, $list() all names.
- A tool returns plain JSON: there is no response to read, and a date is a string.
- Call independent tools in parallel: await Promise.all(ids.map((id) => tools.get({ id }))).
- The value is what you return; else the last expression; else the variable result. An if, a try or a log gives none.
- The value must be JSON: no Map, Set, BigInt or promise.
- The program may be a lone function: async function main({ tools, input, context, config }) { … }
  If there is other code beside it, call it in the last line.
- input, context and config have the data that you were given. Top-level await works; import and require do not.
- A failed tool call throws a ToolError with code, message and data. Catch it, or let it end the program.
- Await every call: calls and timers that are open when the program ends are cancelled.
- console.log writes to the log. await sleep(ms) waits. The clock stands still while code computes.
- Read the warnings of the result: they name probable mistakes, such as a missing await or return.
- If the program fails, read error.message, error.hint and the line, correct the program, and send all of it again.`
