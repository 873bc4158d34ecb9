declare global {
  interface Buffer {
    /** Node's own fast way, without the look-up of an encoding's name. */
    latin1Slice(start?: number, end?: number): string
    latin1Write(text: string, offset?: number): number
  }
}

export {}
