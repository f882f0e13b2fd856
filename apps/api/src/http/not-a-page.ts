/** Headers for replies that are data: opened by themselves or in a frame, they load nothing and run nothing. */
export const NOT_A_PAGE = {
  'content-security-policy':
    "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
  'x-content-type-options': 'nosniff',
};
