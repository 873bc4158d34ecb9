import fs from 'node:fs'
import path from 'node:path'

const { R_OK, W_OK, X_OK } = fs.constants

/** Nothing can be kept at the moment, and that is no reason not to serve. */
const passes = new Set(['ENOSPC', 'EDQUOT'])

/**
 * Makes the folder of `--state` where it is missing, and sees that it can be written. Throws with one sentence that says
 * what would be right: a gateway that forgets in silence is found out at the worst moment.
 */
export function openStateFolder(folder: string): void {
  const trial = path.join(folder, `trial.${process.pid}`)
  try {
    makeStateFolder(folder)
    if (!fs.statSync(folder).isDirectory()) throw refusal(folder, 'is no folder', 'give a folder')
    fs.accessSync(folder, R_OK | W_OK | X_OK)
    // What access(2) says is not true of every file system.
    fs.rmSync(trial, { force: true })
    fs.writeFileSync(trial, '', { mode: 0o600, flag: 'wx' })
    fs.rmSync(trial)
  } catch (error) {
    if (!passes.has((error as NodeJS.ErrnoException).code ?? '')) throw told(folder, error)
  }
}

/** Puts it back where somebody took it away. */
export const keepStateFolder = (folder: string): Promise<void> =>
  fs.promises.mkdir(folder, ours).catch(unlessThere)

/** As `keepStateFolder`, at once. */
export function makeStateFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, ours)
  } catch (error) {
    unlessThere(error as NodeJS.ErrnoException)
  }
}

/** Not recursive: Node's never ends where a parent holds no folders, such as below /proc. */
const ours = { mode: 0o700 }

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

const refusal = (folder: string, what: string, right: string): Error =>
  new Error(`--state: ${folder} ${what}; ${right}`)

function told(folder: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException
  const parent = path.dirname(path.resolve(folder))
  switch (code) {
    case undefined:
      return error as Error
    case 'ENOENT':
      return fs.existsSync(parent)
        ? refusal(folder, 'cannot be made there', 'give a folder on a disk')
        : refusal(folder, `has no ${parent} to be in`, 'make that first')
    case 'ENOTDIR':
      return refusal(folder, 'leads through a file', 'give a folder')
    case 'EACCES':
    case 'EPERM':
      return refusal(
        folder,
        'may not be written by this user',
        'give it to the user that runs this',
      )
    case 'EROFS':
      return refusal(folder, 'is on a file system that is read-only', 'mount one that is not')
    default:
      return refusal(folder, `cannot be used (${message})`, 'give a folder that can be written')
  }
}
