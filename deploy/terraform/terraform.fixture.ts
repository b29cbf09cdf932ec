import type { FoundTool } from "../../build/testing/tools.ts";
import { findOnPath } from "../../slo/run/tools/locate.ts";

/** Finds Terraform on PATH. */
export function findTerraform(): FoundTool {
  const path = findOnPath("terraform", process.env);
  return path === undefined ? { kind: "missing", message: "terraform is not on PATH" } : { kind: "found", path };
}
