// npm run generate: writes what is made from the code. Tests compare and never write.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { documents } from './documents/all.ts'

for (const [path, text] of documents(process.cwd())) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  console.log(path)
}
