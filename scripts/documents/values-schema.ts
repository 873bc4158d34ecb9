import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { settingsSchema } from '../../src/controller/api/settings-schema.ts'

/** Of JSON Schema; the rest is notes of our own. */
const keywords = new Set(
  'type properties required additionalProperties propertyNames items anyOf allOf enum const pattern minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum minItems maxItems minProperties maxProperties description'.split(
    ' ',
  ),
)
const lists = new Set(['required', 'anyOf', 'allOf', 'enum'])

/** Helm reads patterns as Go does, which knows no `\\u`. */
const isForeign = (key: string, value: unknown): boolean =>
  key === 'pattern' && String(value).includes('\\u')

/**
 * `helm/fairlead/values.schema.json` with the schema of the settings in it, so that Helm refuses what a controller would. The rest of
 * the file is written by hand. @param root of the repository
 */
export function valuesSchema(root: string): string {
  const text = readFileSync(join(root, 'helm/fairlead/values.schema.json'), 'utf8')
  const schema = JSON.parse(text) as { properties: Record<string, unknown> }
  const { $schema: _, ...settings } = z.toJSONSchema(settingsSchema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      for (const [key, value] of Object.entries(jsonSchema))
        if (!keywords.has(key) || Array.isArray(value) !== lists.has(key) || isForeign(key, value))
          delete jsonSchema[key as keyof typeof jsonSchema]
    },
  })
  schema.properties['settings'] = settings
  return `${JSON.stringify(schema, null, 2)}\n`
}
