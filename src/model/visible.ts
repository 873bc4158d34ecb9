/** Text that somebody else wrote, for people's eyes: nothing in it moves a cursor, rings a bell or turns the reading round. */
export const visible = (text: string): string =>
  text.replace(
    /[^\P{C}]|[\u2028\u2029]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
