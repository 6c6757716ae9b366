/** A number without what people write between its digits. */
export const bareNumber = (text: string): string => text.replace(/[\s()/.-]/g, '')
