/** Prompts of the catalogue that make sense to callers by themselves, for greetings and announcements. */
export const KNOWN_PROMPTS = [
  'attendant.welcome',
  'attendant.night',
  'queue.please_wait',
  'queue.still_waiting',
  'menu.goodbye',
  'call.busy',
  'call.no_answer',
  'call.unavailable',
  'call.recording',
] as const

export type KnownPrompt = (typeof KNOWN_PROMPTS)[number]
