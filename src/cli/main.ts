import { settleEnvironment } from './config.ts'
import { createProgram } from './program.ts'

const program = createProgram()
settleEnvironment(program)
await program.parseAsync()
