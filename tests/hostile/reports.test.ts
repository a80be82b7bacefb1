import { attacks } from './reports.attacks.ts'
import { runAttacks } from './run-attacks.ts'

runAttacks('results, errors and logs', attacks)
