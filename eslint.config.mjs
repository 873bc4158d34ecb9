// Only what Biome misses when a fault is planted: promises whose types come from Node or a package, and the owners of
// time, dice and environment. All other rules are in biome.json.
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

const clock =
  'Take a Clock as an argument (src/base/clock.ts): time that a test cannot turn hides faults.'
const dice =
  'Take a Dice as an argument (src/base/dice.ts): chance that a test cannot repeat hides faults.'
const environment =
  'The environment enters only through config.ts; everything else takes arguments.'

/** @param {readonly (readonly [object: string, property: string, message: string])[]} list */
const properties = (list) => [
  'error',
  ...list.map(([object, property, message]) => ({ object, property, message })),
]

/** @param {readonly string[]} names */
const globals = (names) => ['error', ...names.map((name) => ({ name, message: clock }))]

const timeAndDice = /** @type {const} */ ([
  ['Date', 'now', clock],
  ['performance', 'now', clock],
  ['process', 'hrtime', clock],
  ['Math', 'random', dice],
])

export default defineConfig(
  { ignores: ['**/*.mjs', 'dist/**', 'coverage/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['**/*.test.ts', 'src/base/**'],
    rules: {
      'no-restricted-globals': globals(['setTimeout', 'setInterval', 'setImmediate']),
      'no-restricted-properties': properties([...timeAndDice, ['process', 'env', environment]]),
      'no-restricted-syntax': [
        'error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: clock },
        { selector: 'ImportDeclaration[source.value=/^node:timers/]', message: clock },
      ],
    },
  },
  {
    files: ['src/**/config.ts'],
    rules: { 'no-restricted-properties': properties(timeAndDice) },
  },
  {
    files: ['src/base/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-properties': properties([['process', 'env', environment]]) },
  },
)
