import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const hasCurl = spawnSync('curl', ['--version']).status === 0

/** One shell in which lines are run as somebody types them: what one sets the next one sees. */
export class Shell {
  readonly #child: ChildProcess
  readonly #folder: string
  #text = ''
  #wake = () => {}

  /** @param cwd where it begins */
  constructor(cwd: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'fairlead-shell-'))
    if (!hasCurl) this.#standInForCurl()
    this.#child = spawn('sh', ['-s'], {
      cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${this.#folder}:${process.env['PATH']}` },
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#text += text
        this.#wake()
      })
  }

  #standInForCurl(): void {
    process.stderr.write('!! no curl here: examples are run with a stand-in for it\n')
    const shim = fileURLToPath(new URL('../quickstart/curl-shim.mjs', import.meta.url))
    copyFileSync(shim, join(this.#folder, 'curl'))
    chmodSync(join(this.#folder, 'curl'), 0o755)
  }

  /** What a line prints, on either stream. Rejects when the last command of it fails. */
  async run(line: string): Promise<string> {
    const mark = randomUUID()
    this.#text = ''
    this.#child.stdin?.write(`${line}\necho "${mark} $?"\n`)
    const end = new RegExp(`${mark} (\\d+)\\n$`)
    while (!end.test(this.#text)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const status = end.exec(this.#text)?.[1]
    const output = this.#text.replace(end, '')
    if (status !== '0') throw new Error(`${line}\nended with ${status}:\n${output}`)
    return output
  }

  async close(): Promise<void> {
    const isOver = new Promise((resolve) => this.#child.on('close', resolve))
    this.#child.stdin?.end()
    await isOver
    rmSync(this.#folder, { recursive: true })
  }
}
