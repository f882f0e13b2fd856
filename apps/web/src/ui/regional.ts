/** `en` as this browser's owner writes it, if they said: en-GB. */
export const regional = (language: string): string =>
  navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
