export type { SeriesCatalog } from './series-catalog.ts';
