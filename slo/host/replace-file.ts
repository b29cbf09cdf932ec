import { renameSync, rmSync, writeFileSync } from "node:fs";

/** Writes a file so that a crash or a full disk leaves the old one or the new one, never half of one; an error names the file. */
export function replaceFile(file: string, text: string, flush = false): void {
  try {
    writeFileSync(`${file}.part`, text, { flush });
    renameSync(`${file}.part`, file);
  } catch (error) {
    rmSync(`${file}.part`, { force: true });
    throw Object.assign(error as NodeJS.ErrnoException, { message: `cannot write ${file}: ${(error as Error).message}` });
  }
}
