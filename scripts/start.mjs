// npm start: builds unless nothing has changed since the last build, then runs the quickstart in this process.
import { isBuilt } from './built.mjs'

if (!isBuilt()) await import('./build.mjs')
await import('../examples/quickstart/run.mjs')
