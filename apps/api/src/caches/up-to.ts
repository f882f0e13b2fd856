/**
 * Options of an LRUCache that holds so many entries and takes memory only for those it has. With `max`, it would reserve
 * memory for all of them at once.
 */
export const upTo = (entries: number) => ({ maxSize: entries, sizeCalculation: () => 1 });
