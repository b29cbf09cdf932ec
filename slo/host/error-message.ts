/** Gives an error's words with those of its cause; where an address stands for several, as localhost does, the words of each. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return [...new Set(error.errors.map(errorMessage))].join("; ");
  const own = error.message || error.name;
  if (error.cause === undefined) return own;
  const cause = errorMessage(error.cause);
  return own.includes(cause) ? own : `${own}: ${cause}`; // whoever wrapped it may have quoted it
}

const ofSystem: readonly unknown[] = ["ENOSPC", "EACCES", "EPERM", "EROFS", "EDQUOT", "EIO", "EMFILE"];

/** Tells a full disk or a folder without permission, which is no bug of ours; its message names the path. */
export const isOfSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "code" in error && ofSystem.includes(error.code);
