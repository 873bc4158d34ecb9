import type { Noted } from '../crds/noted.ts'

/** What may stand in a field, with its limits: `list of 1 to 64 texts`. @param link to the table of an object */
export function typeOf(noted: Noted, link: (object: Noted) => string): string {
  if (noted.type !== 'array') return oneOf(noted, link)
  const { items = {}, minItems = 0, maxItems = 0 } = noted
  return `list of ${minItems > 0 ? `${minItems} to ${maxItems}` : `up to ${maxItems}`}: ${oneOf(items, link)}`
}

function oneOf(noted: Noted, link: (object: Noted) => string): string {
  if (noted.form === 'duration') return durationOf(noted)
  if (noted.form === 'bytes') return 'bytes'
  if (noted.anyOf !== undefined) return noted.anyOf.map((each) => oneOf(each, link)).join(' or ')
  if (noted.enum !== undefined) return noted.enum.map((value) => `\`${value}\``).join(', ')
  switch (noted.type) {
    case 'object':
      return link(noted)
    case 'boolean':
      return noted.const === undefined ? 'true or false' : `\`${noted.const}\``
    case 'integer':
    case 'number':
      return numberOf(noted)
    default:
      return textOf(noted)
  }
}

function durationOf({ longest = '24h', 'x-kubernetes-validations': rules = [] }: Noted): string {
  const isPositive = rules.some(({ rule }) => rule.includes("> duration('0s')"))
  return `duration, ${isPositive ? 'more than 0s, ' : ''}at most ${longest}`
}

/** The largest number that is a limit, and not only what a double can hold. */
const largest = 1e12

function numberOf({ minimum, maximum = Infinity, type }: Noted): string {
  const word = type === 'integer' ? 'whole number' : 'number'
  if (minimum === undefined || minimum < -largest) return word
  return `${word}, ${maximum > largest ? `from ${minimum}` : `${minimum} to ${maximum}`}`
}

const textOf = ({ format, minLength = 0, maxLength }: Noted): string => {
  if (format !== undefined) return format
  return `text, ${minLength > 1 ? `${minLength} to` : 'up to'} ${maxLength} characters`
}
