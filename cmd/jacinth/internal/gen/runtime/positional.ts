/** Puts params into their order, without those at the end that are left out. */
function positional(...params: unknown[]): unknown[] {
  while (params.length > 0 && params[params.length - 1] === undefined) {
    params.pop();
  }
  return params;
}
