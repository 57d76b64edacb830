/**
 * Arguments of Node for what may have the embedded database in it, which is WebAssembly: to optimise that, Node spends
 * more processor time than a test gets back.
 */
export const UNOPTIMISED: readonly string[] = ['--liftoff-only']
