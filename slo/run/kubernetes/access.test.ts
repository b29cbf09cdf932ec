import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { needs, type Rights } from "./job.ts";

interface Role {
  kind: string;
  metadata: { name: string };
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

const text = readFileSync(new URL("../../../deploy/kubernetes/access/access.yaml", import.meta.url), "utf8");
const roles = parseAllDocuments(text)
  .map((document) => document.toJS() as Role)
  .filter(({ kind }) => kind === "Role");

/** Words the rules of a Role as the command does: resource and group → verbs. */
const rightsOf = ({ rules }: Role): Rights =>
  Object.fromEntries(
    rules.flatMap(({ apiGroups, resources, verbs }) => resources.map((name) => [[name, ...apiGroups.filter(Boolean)].join("."), verbs])),
  );

test.each<[string, Rights]>([
  ["plimsoll-load", { ...needs.load, ...needs.secret, ...needs.account }],
  ["plimsoll-forward", needs.forward],
])("the Role %s that is shipped has the rights that a load asks for, and no other", (name, rights) => {
  const role = roles.find(({ metadata }) => metadata.name === name);
  expect(role && rightsOf(role)).toEqual(rights);
});
