/** The browser's regional variant of the language if it has one, such as en-GB for `en`. */
export const regional = (language: string): string =>
  navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
