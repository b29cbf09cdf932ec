import { oneLine, type Finding } from "./findings.ts";

const severities = { error: "major", warning: "minor", notice: "info" } as const satisfies Record<Finding["level"], string>;

/** Renders the findings that have a place as GitLab's Code Quality report, which merge requests show; always a whole file, also when empty. */
export function codeQualityReport(findings: readonly Finding[], sha256Hex: (text: string) => string): string {
  const issues = findings.flatMap(({ level, title, message, place }) => {
    if (place === undefined) return [];
    const location = { path: place.file, lines: { begin: place.line } };
    const fingerprint = sha256Hex(`${place.file}\n${title}`);
    return [{ description: oneLine(message), check_name: "plimsoll", fingerprint, severity: severities[level], location }];
  });
  return `${JSON.stringify(issues, null, 2)}\n`;
}
