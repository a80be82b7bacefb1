export { loadConsole, type ConsoleAssets, type ConsoleFile } from './assets.ts'
