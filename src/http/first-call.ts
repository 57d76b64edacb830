/**
 * The function that `make` gives, made when it is called first. What `make` throws is thrown by that call, and it is tried
 * again with the next.
 */
export function madeAtFirstCall<Argument, Result>(make: () => (argument: Argument) => Result) {
  let made: ((argument: Argument) => Result) | null = null
  return (argument: Argument): Result => (made ??= make())(argument)
}
