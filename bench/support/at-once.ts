/** Statements or requests on their way at once, of all that measure a refresh. */
export const AT_ONCE = 16

/** Does it for each item, sixteen at once. @returns milliseconds for all */
export async function atOnce<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<number> {
  let next = 0
  const begun = performance.now()
  const worker = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return performance.now() - begun
}
