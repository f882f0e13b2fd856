/** Settles like `answer`, or rejects with `tooLate()` after `ms` milliseconds. */
export function inTime<Result>(answer: Promise<Result>, ms: number, tooLate: () => Error): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate()), ms);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
