/** Entry point `@codemode/client/crewai`. */
export type { ForeignFunction } from './convert-tools.ts'
export { toCrewaiTool, type CrewaiTool } from './crewai-run-code.ts'
export { fromCrewaiTools, type CrewaiToolLike } from './crewai-tools.ts'
