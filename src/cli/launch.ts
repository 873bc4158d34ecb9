/**
 * The program's first lines: what must hold in the process before anything else is loaded. It is built as CommonJS
 * because the loader of ES modules reads with the thread pool, whose size is settled by its first use.
 *
 * The size of V8's young generation is not here: only the command line of a process can set it (docs/workers.md).
 */
import { settleProcess } from './config.ts'

settleProcess()
// A failure to load is told by Node and ends the process with 1.
void import('./main.ts')
